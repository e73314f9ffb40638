-- KEYS record and lease of each key, then, unless it is on another server, the cache's counter. ARGV deadline, then of each key: milliseconds fresh,
-- milliseconds of life, draft, and '' or 'J' and the identity that must still be there; then who tells where.
-- For each key {version, seq}, or 0 where a newer source version is there, else what is there instead of the judged record.
local counter = #KEYS % 2 == 1 and number_under(KEYS[#KEYS]) or 0
local replies, headers, changed = {}, {}, {}
for i = 1, #KEYS - 1, 2 do
  local judged = ARGV[i * 2 + 3]
  local header = header_of(KEYS[i])
  if judged ~= '' and identity(header) ~= string.sub(judged, 2) then
    replies[(i + 1) / 2] = reading(KEYS[i]) or false
  elseif is_older(string.sub(ARGV[i * 2 + 2], 21, 28), source_of(header)) then
    replies[(i + 1) / 2] = 0
  else
    headers[i] = header
    changed[#changed + 1] = KEYS[i]
  end
end
local refused = #changed > 0 and tell(changed)
if refused then
  return refused
end
for i = 1, #KEYS - 1, 2 do
  if headers[i] then
    local draft = ARGV[i * 2 + 2]
    local version = version_after(headers[i])
    local seq = math.max(struct.unpack('>I8', draft, 29), counter)
    local stored = store(KEYS[i], draft, version, seq, tonumber(ARGV[i * 2]), tonumber(ARGV[i * 2 + 1]))
    if stored.err then
      return stored
    end
    redis.call('DEL', KEYS[i + 1])
    replies[(i + 1) / 2] = {version, seq}
  end
end
return replies
