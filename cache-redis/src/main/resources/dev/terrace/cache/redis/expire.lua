-- KEYS record and lease. ARGV deadline, write id (8 bytes), who tells where. {{version, seq}}, or {0} where there is no value.
-- Only bytes of the header change, so that neither payload nor remaining life is touched.

local header = header_of(KEYS[1])
local version, _, _, seq, fresh_until, gone_at = parsed(header)
local is_there = version and string.byte(header, 4) ~= 2 and gone_at > now_millis
local refused = is_there and tell({KEYS[1]})
if refused then
  return refused
end
-- Also where there is no value yet: one that is being loaded must not be stored as fresh afterwards.
redis.call('DEL', KEYS[2])
if not is_there then
  return {0}
end
version = version_after(header)
redis.call('SETRANGE', KEYS[1], 4, struct.pack('>I8', version) .. ARGV[2])
if fresh_until > now_millis then
  -- Not now: to nodes whose far clock is a little behind that would still be to come.
  redis.call('SETRANGE', KEYS[1], 36, struct.pack('>I8', 0))
end
return {{version, seq}}
