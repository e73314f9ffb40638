-- KEYS record, lease. ARGV judged identity, lease id (8 bytes), milliseconds.
-- {0} granted, {1} busy, {2, record} changed.
local record = stored(KEYS[1])
if identity(record) ~= ARGV[1] then
  return {2, record}
end
if redis.call('EXISTS', KEYS[2]) == 1 then
  return {1}
end
local gone_at = is_record(record) and string.sub(record, 45, 52) or '\0\0\0\0\0\0\0\0'
redis.call('SET', KEYS[2], ARGV[2] .. gone_at .. ARGV[1], 'PX', ARGV[3])
return {0}
