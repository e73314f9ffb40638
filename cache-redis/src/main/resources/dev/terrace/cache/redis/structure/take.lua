-- KEYS entries, taken, due, waiting. ARGV ticket, milliseconds of handling, the waiter or ''. {entry} or {}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local handling = tonumber(ARGV[2])

-- The answer to an earlier try was lost.
local mine = redis.call('HGET', KEYS[2], ARGV[1])
if mine then
  redis.call('ZADD', KEYS[3], now + handling, ARGV[1])
  return { mine }
end

-- What was not acknowledged in time goes back, the oldest to the front.
local late = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now, 'LIMIT', 0, 100)
for i = #late, 1, -1 do
  local entry = redis.call('HGET', KEYS[2], late[i])
  if entry then
    redis.call('LPUSH', KEYS[1], entry)
  end
  redis.call('HDEL', KEYS[2], late[i])
  redis.call('ZREM', KEYS[3], late[i])
end
-- Where the clock was set back, nothing is kept aside for longer than it may be from now on.
local last = redis.call('ZREVRANGE', KEYS[3], 0, 0, 'WITHSCORES')
if last[1] and tonumber(last[2]) > now + 10 * handling then
  redis.call('ZADD', KEYS[3], now + handling, last[1])
end

local entry = redis.call('LPOP', KEYS[1])
if entry then
  redis.call('HSET', KEYS[2], ARGV[1], entry)
  redis.call('ZADD', KEYS[3], now + handling, ARGV[1])
  redis.call('ZREM', KEYS[4], ARGV[3])
  return { entry }
end
if ARGV[3] ~= '' then
  redis.call('ZADD', KEYS[4], now, ARGV[3])
  redis.call('PEXPIRE', KEYS[4], 5000)
end
return {}
