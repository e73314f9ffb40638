-- KEYS leases. ARGV deadline, then the id of each (8 bytes).
for i = 1, #KEYS do
  local lease = redis.pcall('GET', KEYS[i])
  if type(lease) == 'string' and string.sub(lease, 1, 8) == ARGV[i + 1] then
    redis.call('DEL', KEYS[i])
  end
end
return {}
