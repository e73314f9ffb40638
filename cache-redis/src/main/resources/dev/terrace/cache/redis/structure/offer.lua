-- ARGV further: most, entries. {1} where there was room, else {0}.
local room = tonumber(ARGV[2]) - redis.call('LLEN', entries)
if #ARGV - 2 > room then
  return { 0 }
end
for i = 3, #ARGV do
  redis.call('RPUSH', entries, ARGV[i])
end
live_on()
wake(#ARGV - 2)
return { 1 }
