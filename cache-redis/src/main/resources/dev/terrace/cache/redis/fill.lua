-- KEYS record, lease. ARGV lease id, deadline in µs, milliseconds fresh, milliseconds of life, draft.
-- {0, version} stored, {1} refused.
local lease = redis.pcall('GET', KEYS[2])
if type(lease) ~= 'string' or string.sub(lease, 1, 8) ~= ARGV[1] then
  return {1}
end
redis.call('DEL', KEYS[2])
local now = micros()
local record = stored(KEYS[1])
local judged = string.sub(lease, 17)
local ended = record == false and number_at(lease, 9) * 1000 <= now
if now > tonumber(ARGV[2]) or (identity(record) ~= judged and not ended) or has_newer_source(record, ARGV[5]) then
  return {1}
end
local version = next_version(record, now)
local millis = math.floor(now / 1000)
redis.call(
  'SET',
  KEYS[1],
  completed(
    ARGV[5],
    version,
    string.sub(ARGV[5], 21, 28),
    number_at(ARGV[5], 29),
    millis + tonumber(ARGV[3]),
    millis + tonumber(ARGV[4])
  ),
  'PX',
  ARGV[4]
)
return {0, version}
