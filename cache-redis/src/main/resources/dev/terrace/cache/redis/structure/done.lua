-- KEYS entries, taken, due, waiting. ARGV ticket, 'back' to give it back. {1} where it was in hand, else {0}.
local entry = redis.call('HGET', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
if not entry then
  return { 0 }
end
if ARGV[2] == 'back' then
  redis.call('LPUSH', KEYS[1], entry)
  local woken = redis.call('ZPOPMIN', KEYS[4])
  if woken[1] then
    local channel, id = string.match(woken[1], '^(.*)|(.*)$')
    redis.call('PUBLISH', channel, id)
  end
end
return { 1 }
