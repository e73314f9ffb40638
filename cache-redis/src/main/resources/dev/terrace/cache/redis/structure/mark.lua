-- KEYS day. ARGV id, time to live in ms. The bit that was there.
local before = redis.call('SETBIT', KEYS[1], ARGV[1], 1)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return { before }
