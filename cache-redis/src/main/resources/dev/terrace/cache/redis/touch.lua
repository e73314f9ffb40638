-- KEYS record. ARGV milliseconds idle.
local header = redis.pcall('GETRANGE', KEYS[1], 0, 55)
if type(header) ~= 'string' or not is_record(header) then
  return {0}
end
local left = number_at(header, 45) - math.floor(micros() / 1000)
redis.call('PEXPIRE', KEYS[1], math.max(1, math.min(left, tonumber(ARGV[1]))))
return {1}
