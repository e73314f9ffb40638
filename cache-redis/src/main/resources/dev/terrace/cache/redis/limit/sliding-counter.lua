-- The state is 'slice:granted' for each twentieth of a period in which something was granted. A slice counts as long as any of it
-- may be in the window.
local SLICES = 20
local slice = period / SLICES
local current = math.floor(now / slice)
local counts, order, total, ahead = {}, {}, 0, false
for at, granted in string.gmatch(redis.call('GET', key) or '', '(%d+):(%d+)') do
  at, granted = tonumber(at), tonumber(granted)
  if at > current then
    -- It is from before the clock was set back, and of now then.
    at, ahead = current, true
  end
  if at >= current - SLICES then
    if not counts[at] then
      order[#order + 1] = at
    end
    counts[at] = (counts[at] or 0) + granted
    total = total + granted
  end
end

local function store()
  local parts = {}
  for i = 1, #order do
    parts[i] = digits(order[i]) .. ':' .. digits(counts[order[i]])
  end
  redis.call('SET', key, table.concat(parts, ' '), 'PX', millis(period + slice))
end

if total + asked <= limit then
  if not counts[current] then
    order[#order + 1] = current
  end
  counts[current] = (counts[current] or 0) + asked
  store()
  return answer(true, limit - total - asked, 0)
end
if ahead then
  store()
end
-- The oldest have to leave until there is room.
local left, last = total, current
for i = 1, #order do
  left = left - counts[order[i]]
  if left + asked <= limit then
    last = order[i]
    break
  end
end
return answer(false, limit - total, (last + SLICES + 1) * slice - now + 1)
