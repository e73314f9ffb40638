-- KEYS record and lease of each key. ARGV deadline, then of each key: lease id (8 bytes), milliseconds fresh, milliseconds of
-- life, draft; then who tells where. For each key the version, or 0 where it is refused.
local replies, awaited = {}, {}
for i = 1, #KEYS, 2 do
  local key, lease_key, arg = KEYS[i], KEYS[i + 1], i * 2
  local draft = ARGV[arg + 3]
  local lease = redis.pcall('GET', lease_key)
  local version = 0
  if type(lease) == 'string' and #lease >= 24 and string.sub(lease, 1, 8) == ARGV[arg] then
    local stored = {}
    local header = header_of(key)
    local there, judged = identity(header), string.sub(lease, 25)
    local source = string.sub(draft, 21, 28)
    if
      (there == judged or there == '' and struct.unpack('>I8', '\0' .. string.sub(lease, 18, 24)) <= now_millis)
      and not is_older(source, string.sub(lease, 9, 16))
    then
      version = version_after(header)
      stored = store(
        key,
        draft,
        version,
        struct.unpack('>I8', draft, 29),
        tonumber(ARGV[arg + 1]),
        tonumber(ARGV[arg + 2])
      )
      if string.byte(lease, 17) == 1 then
        awaited[#awaited + 1] = key
      end
    end
    redis.call('DEL', lease_key)
    if stored.err then
      return stored
    end
  end
  replies[#replies + 1] = version
end
if #awaited > 0 then
  -- Whoever cannot be told looks again after a while.
  tell(awaited)
end
return replies
