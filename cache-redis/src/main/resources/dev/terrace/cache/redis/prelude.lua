-- Put in front of every script. Places are those of RecordFormat, counted from 1.

local LARGEST_EXACT = 9007199254740991

local function micros()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

-- The bytes under a key; false where there are none; '' where there is something that is not bytes.
local function stored(key)
  local bytes = redis.pcall('GET', key)
  if type(bytes) == 'table' then
    return ''
  end
  return bytes
end

local function identity(record)
  if not record then
    return ''
  end
  return string.sub(record, 5, 20)
end

local function is_record(record)
  return record and #record >= 56 and string.sub(record, 1, 3) == 'TR\1'
end

local function number_at(bytes, place)
  local number = struct.unpack('>I8', bytes, place)
  if number > LARGEST_EXACT then
    return 0
  end
  return number
end

-- The number under a key; nil where there is none.
local function number_under(key)
  local text = redis.pcall('GET', key)
  if type(text) ~= 'string' then
    return nil
  end
  return tonumber(text)
end

local function next_version(record, now)
  if is_record(record) then
    return math.max(number_at(record, 5) + 1, now)
  end
  return now
end

-- Whether a stored record's source version is newer than a draft's. Signed 64 bits, more than a number here can hold; the
-- lowest of all stands for none.
local NO_SOURCE = '\128\0\0\0\0\0\0\0'

local function has_newer_source(record, draft)
  if not is_record(record) then
    return false
  end
  local old = string.sub(record, 21, 28)
  local new = string.sub(draft, 21, 28)
  if old == NO_SOURCE or new == NO_SOURCE then
    return false
  end
  for i = 1, 8 do
    local a, b = string.byte(old, i), string.byte(new, i)
    if i == 1 then
      a, b = (a + 128) % 256, (b + 128) % 256
    end
    if a ~= b then
      return a > b
    end
  end
  return false
end

-- A draft with what only the server can say.
local function completed(draft, version, source, seq, fresh_until, gone_at)
  return string.sub(draft, 1, 4)
    .. struct.pack('>I8', version)
    .. string.sub(draft, 13, 20)
    .. source
    .. struct.pack('>I8', seq)
    .. struct.pack('>I8', fresh_until)
    .. struct.pack('>I8', gone_at)
    .. string.sub(draft, 53)
end
