-- KEYS record, lease. ARGV deadline in µs, write id (8 bytes).
-- {0, version, seq} stored, {2} late, {4} nothing to expire.
local now = micros()
if now > tonumber(ARGV[1]) then
  return {2}
end
-- Also where there is no value yet: one that is being loaded must not be stored as fresh afterwards.
redis.call('DEL', KEYS[2])
local record = stored(KEYS[1])
if not is_record(record) or string.byte(record, 4) == 2 then
  return {4}
end
-- Not now: to nodes whose far clock is a little behind that would still be to come.
local fresh_until = number_at(record, 37)
if fresh_until > math.floor(now / 1000) then
  fresh_until = 0
end
redis.call(
  'SET',
  KEYS[1],
  string.sub(record, 1, 12) .. ARGV[2] .. string.sub(record, 21, 36) .. struct.pack('>I8', fresh_until)
    .. string.sub(record, 45),
  'KEEPTTL'
)
return {0, number_at(record, 5), number_at(record, 29)}
