-- ARGV further: capacity, 1 where waiters are served in order, the waiter or '' where it does not wait.
-- {1, fencing number} where it is granted, else {0, milliseconds after which it is worth another try}.
local capacity, fair, waiter = tonumber(ARGV[5]), ARGV[6] == '1', ARGV[7]
end_leases()
local first = head()
-- The answer to an earlier try was lost.
local own = redis.call('ZSCORE', holders, member(1))
local held = redis.call('ZCARD', holders)
local free = own
if not own and mode == 'x' then
  free = held == 0
elseif not own then
  local one = redis.call('ZRANGE', holders, 0, 0)[1]
  free = held + units <= capacity and not (one and string.sub(one, 1, 1) == 'x')
end

if free and (own or not fair or not first or first == waiter) then
  for unit = 1, units do
    redis.call('ZADD', holders, now + lease, member(unit))
  end
  if redis.call('PTTL', holders) < lease then
    redis.call('PEXPIRE', holders, lease)
  end
  -- A lost number must not begin anew: it is the time then.
  local fence = math.max(tonumber(redis.call('GET', fence_key) or 0) + 1, micros)
  local digits = string.format('%.0f', fence)
  redis.call('SET', fence_key, digits, 'PX', lease + 604800000)
  if waiter ~= '' then
    redis.call('ZREM', queue, waiter)
    redis.call('ZREM', alive, waiter)
  end
  if mode == 's' then
    wake()
  end
  return { 1, digits }
end

if waiter ~= '' then
  local last = redis.call('ZRANGE', queue, -1, -1, 'WITHSCORES')
  redis.call('ZADD', queue, 'NX', math.max(micros, tonumber(last[2] or 0) + 1), waiter)
  redis.call('ZADD', alive, now + PATIENCE, waiter)
  redis.call('PEXPIRE', queue, 2 * PATIENCE)
  redis.call('PEXPIRE', alive, 2 * PATIENCE)
end
local ends
if free then
  ends = redis.call('ZSCORE', alive, first)
else
  ends = redis.call('ZRANGE', holders, 0, 0, 'WITHSCORES')[2]
end
return { 0, string.format('%.0f', math.max(0, tonumber(ends or now) - now)) }
