-- KEYS record and lease of each key. ARGV deadline, milliseconds, 'N' where the caller waits for a notice while others load, or
-- '', then of each key: lease id (8 bytes) and judged identity.
-- For each key 1 granted, 0 busy, else what is there instead.
--
-- A lease is: id (8 bytes), source version (8), when the record ends by itself in ms (8, of which the first is 1 where somebody
-- waits for a notice), identity of the record.
local replies = {}
for i = 1, #KEYS, 2 do
  local key, lease, asked = KEYS[i], KEYS[i + 1], ARGV[(i + 1) / 2 + 3]
  local header = header_of(key)
  local judged = string.sub(asked, 9)
  if identity(header) ~= judged then
    replies[#replies + 1] = reading(key)
  else
    local ends = 0
    if judged ~= '' then
      local left = redis.call('PTTL', key)
      ends = left < 0 and EXACT or now_millis + left
    end
    local value = string.sub(asked, 1, 8) .. source_of(header) .. struct.pack('>I8', ends) .. judged
    local granted = redis.call('SET', lease, value, 'NX', 'PX', ARGV[2])
    if not granted and redis.call('PTTL', lease) == -1 then
      -- What never ends is no lease of ours.
      granted = redis.call('SET', lease, value, 'PX', ARGV[2])
    end
    if not granted and ARGV[3] == 'N' and redis.pcall('GETRANGE', lease, 16, 16) == '\0' then
      redis.call('SETRANGE', lease, 16, '\1')
    end
    replies[#replies + 1] = granted and 1 or 0
  end
end
return replies
