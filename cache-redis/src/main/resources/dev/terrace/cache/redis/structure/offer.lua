-- KEYS entries, taken, due, waiting. ARGV most, entries. {1} where there was room, else {0}.
if redis.call('LLEN', KEYS[1]) + #ARGV - 1 > tonumber(ARGV[1]) then
  return { 0 }
end
for i = 2, #ARGV do
  redis.call('RPUSH', KEYS[1], ARGV[i])
end
local woken = redis.call('ZPOPMIN', KEYS[4], #ARGV - 1)
for i = 1, #woken, 2 do
  local channel, id = string.match(woken[i], '^(.*)|(.*)$')
  redis.call('PUBLISH', channel, id)
end
return { 1 }
