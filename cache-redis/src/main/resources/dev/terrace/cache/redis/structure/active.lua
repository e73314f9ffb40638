-- KEYS one to write to, days. ARGV operation. How many bits the days have together.
redis.call('BITOP', ARGV[1], unpack(KEYS))
local count = redis.call('BITCOUNT', KEYS[1])
redis.call('DEL', KEYS[1])
return { count }
