-- ARGV further: ticket, milliseconds of handling, the waiter or ''. {entry} or {}.
local ticket, handling, waiter = ARGV[2], tonumber(ARGV[3]), ARGV[4]

-- The answer to an earlier try was lost.
local mine = redis.call('HGET', taken, ticket)
if mine then
  redis.call('ZADD', due, now + handling, ticket)
  live_on()
  return { mine }
end

-- What was not acknowledged in time goes back, the oldest to the front.
local late = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, 100)
for i = #late, 1, -1 do
  local entry = redis.call('HGET', taken, late[i])
  if entry then
    redis.call('LPUSH', entries, entry)
  end
  redis.call('HDEL', taken, late[i])
  redis.call('ZREM', due, late[i])
end
-- Where the clock was set back, nothing is kept aside for much longer than it may be from now on. Processes may differ in how
-- long that is, so not everything beyond this one's is of before.
local ahead = redis.call('ZRANGEBYSCORE', due, string.format('(%.0f', now + 10 * handling), '+inf', 'LIMIT', 0, 100)
for i = 1, #ahead do
  redis.call('ZADD', due, now + handling, ahead[i])
end

local entry = redis.call('LPOP', entries)
if entry then
  redis.call('HSET', taken, ticket, entry)
  redis.call('ZADD', due, now + handling, ticket)
  redis.call('ZREM', waiting, waiter)
  live_on()
  if #late > 1 then
    wake(#late - 1)
  end
  return { entry }
end
if waiter ~= '' then
  forget_the_gone()
  redis.call('ZADD', waiting, now, waiter)
  redis.call('PEXPIRE', waiting, 2 * PATIENCE)
end
return {}
