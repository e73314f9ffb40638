-- KEYS counter, markers. ARGV milliseconds of life. {seq, each marker}.
local seq = math.max((number_under(KEYS[1]) or 0) + 1, micros())
redis.call('SET', KEYS[1], string.format('%.0f', seq))
local reply = {seq}
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], string.format('%.0f', seq), 'PX', math.max(tonumber(ARGV[1]), redis.call('PTTL', KEYS[i])))
  reply[i] = seq
end
return reply
