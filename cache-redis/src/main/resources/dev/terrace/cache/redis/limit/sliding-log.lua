-- The state is a set of when permits were granted, each in a microsecond of its own, so that none of one instant is lost; what is
-- refused is not in it.
local last = redis.call('ZREVRANGE', key, 0, 0, 'WITHSCORES')[2]
last = tonumber(last or 0)
if last > now + 2 * limit then
  -- The clock was set back: what was granted is as if it had been granted just before.
  local all = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  redis.call('DEL', key)
  for i = 1, #all, 2 do
    local at = digits(tonumber(all[i + 1]) - last + now)
    redis.call('ZADD', key, at, at)
  end
  redis.call('PEXPIRE', key, millis(period + 1))
  last = now
end
redis.call('ZREMRANGEBYSCORE', key, '-inf', digits(now - period))
local granted = redis.call('ZCARD', key)
if granted + asked <= limit then
  local at = math.max(now, last + 1)
  for i = 0, asked - 1 do
    redis.call('ZADD', key, digits(at + i), digits(at + i))
  end
  redis.call('PEXPIRE', key, millis(at + asked - now + period))
  return answer(true, limit - granted - asked, 0)
end
-- As many have to leave the window as there are too many.
local leaves = redis.call('ZRANGE', key, granted + asked - limit - 1, granted + asked - limit - 1, 'WITHSCORES')[2]
return answer(false, limit - granted, tonumber(leaves) + period - now + 1)
