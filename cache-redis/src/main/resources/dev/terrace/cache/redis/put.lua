-- KEYS record and lease of each key, then, unless it is on another server, the cache's counter. ARGV deadline, then of each key: milliseconds fresh,
-- milliseconds of life, draft, and '' or 'J' and the identity that must still be there.
-- For each key {version, seq}, or 0 where a newer source version is there, else what is there instead of the judged record.
local counter = #KEYS % 2 == 1 and number_under(KEYS[#KEYS]) or 0
local replies = {}
for i = 1, #KEYS - 1, 2 do
  local key, arg = KEYS[i], i * 2
  local draft, judged = ARGV[arg + 2], ARGV[arg + 3]
  local header = header_of(key)
  if judged ~= '' and identity(header) ~= string.sub(judged, 2) then
    replies[#replies + 1] = reading(key)
  elseif is_older(string.sub(draft, 21, 28), source_of(header)) then
    replies[#replies + 1] = 0
  else
    local version = version_after(header)
    local seq = math.max(struct.unpack('>I8', draft, 29), counter)
    local stored = store(key, draft, version, seq, tonumber(ARGV[arg]), tonumber(ARGV[arg + 1]))
    if stored.err then
      return stored
    end
    redis.call('DEL', KEYS[i + 1])
    replies[#replies + 1] = {version, seq}
  end
end
return replies
