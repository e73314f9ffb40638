-- KEYS the id of the last event that was handled. ARGV an id, how long it is kept in ms. Never goes back.
local function parts(id)
  local ms, seq = string.match(id, '^(%d+)-(%d+)$')
  return tonumber(ms), tonumber(seq)
end
local known = redis.call('GET', KEYS[1])
local ms, seq = parts(ARGV[1])
if known then
  local known_ms, known_seq = parts(known)
  if known_ms > ms or (known_ms == ms and known_seq > seq) then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    return { known }
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return { ARGV[1] }
