-- KEYS record, lease, counter. ARGV deadline in µs, milliseconds fresh, milliseconds of life, draft, and, where the record
-- must be the one that was judged, its identity.
-- {0, version, seq} stored, {1} older source, {2} late, {3, record} changed.
local now = micros()
if now > tonumber(ARGV[1]) then
  return {2}
end
local record = stored(KEYS[1])
if ARGV[5] and identity(record) ~= ARGV[5] then
  return {3, record}
end
if has_newer_source(record, ARGV[4]) then
  return {1}
end
redis.call('DEL', KEYS[2])
local version = next_version(record, now)
local seq = math.max(number_at(ARGV[4], 29), number_under(KEYS[3]) or 0)
local millis = math.floor(now / 1000)
redis.call(
  'SET',
  KEYS[1],
  completed(
    ARGV[4],
    version,
    string.sub(ARGV[4], 21, 28),
    seq,
    millis + tonumber(ARGV[2]),
    millis + tonumber(ARGV[3])
  ),
  'PX',
  ARGV[3]
)
return {0, version, seq}
