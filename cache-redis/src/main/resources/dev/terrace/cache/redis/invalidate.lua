-- KEYS record, lease. ARGV deadline in µs, milliseconds of the tombstone, its draft.
-- {0, version, seq} stored, {2} late.
local now = micros()
if now > tonumber(ARGV[1]) then
  return {2}
end
redis.call('DEL', KEYS[2])
local record = stored(KEYS[1])
local version = next_version(record, now)
local source = is_record(record) and string.sub(record, 21, 28) or string.sub(ARGV[3], 21, 28)
local gone_at = math.floor(now / 1000) + tonumber(ARGV[2])
redis.call('SET', KEYS[1], completed(ARGV[3], version, source, 0, gone_at, gone_at), 'PX', ARGV[2])
return {0, version, 0}
