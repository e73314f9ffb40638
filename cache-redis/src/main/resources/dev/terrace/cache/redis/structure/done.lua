-- ARGV further: ticket, 'back' to give it back. {1} where it was in hand, else {0}.
local entry = redis.call('HGET', taken, ARGV[2])
redis.call('HDEL', taken, ARGV[2])
redis.call('ZREM', due, ARGV[2])
if not entry then
  return { 0 }
end
if ARGV[3] == 'back' then
  redis.call('LPUSH', entries, entry)
  wake(1)
end
live_on()
return { 1 }
