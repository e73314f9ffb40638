-- KEYS record and lease of each key. ARGV deadline, milliseconds of the tombstone, its draft, then the write id of each
-- (8 bytes), then who tells where. For each key the version.
local replies, changed = {}, {}
for i = 1, #KEYS, 2 do
  changed[#changed + 1] = KEYS[i]
end
local refused = tell(changed)
if refused then
  return refused
end
local gone_at = now_millis + tonumber(ARGV[2])
local head, tail = string.sub(ARGV[3], 1, 4), string.sub(ARGV[3], 53)
for i = 1, #KEYS, 2 do
  local key = KEYS[i]
  local header = header_of(key)
  local version = version_after(header)
  -- Before the tombstone: a server that is out of memory lets a script go on that has changed something.
  redis.call('DEL', KEYS[i + 1])
  redis.call(
    'SET',
    key,
    head
      .. struct.pack('>I8', version)
      .. ARGV[(i + 1) / 2 + 3]
      .. source_of(header)
      .. struct.pack('>I8I8I8', 0, gone_at, gone_at)
      .. tail,
    'PX',
    ARGV[2]
  )
  replies[#replies + 1] = version
end
return replies
