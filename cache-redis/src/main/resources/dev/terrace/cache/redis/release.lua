-- KEYS lease. ARGV lease id.
local lease = redis.pcall('GET', KEYS[1])
if type(lease) == 'string' and string.sub(lease, 1, 8) == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return {0}
