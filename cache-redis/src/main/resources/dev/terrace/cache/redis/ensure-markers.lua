-- KEYS counter, markers. ARGV milliseconds of life. {seq, each marker}.
local seq = number_under(KEYS[1])
if not seq then
  seq = micros()
  redis.call('SET', KEYS[1], string.format('%.0f', seq))
end
local reply = {seq}
for i = 2, #KEYS do
  local marker = number_under(KEYS[i])
  if not marker then
    marker = seq
    redis.call('SET', KEYS[i], string.format('%.0f', marker), 'PX', ARGV[1])
  elseif redis.call('PTTL', KEYS[i]) < tonumber(ARGV[1]) then
    redis.call('PEXPIRE', KEYS[i], ARGV[1])
  end
  reply[i] = marker
end
return reply
