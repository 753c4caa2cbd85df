local function show(value)
  local kind = type(value)
  if value == cjson.null then return 'null' end
  if kind == 'number' then return string.format('%.17g', value) end
  if kind == 'string' then
    return '"' .. value:gsub('.', function(c)
      local code = c:byte()
      if code < 32 or code > 126 or code == 34 or code == 92 then
        return string.format('\\x%02x', code)
      end
    end) .. '"'
  end
  if kind == 'table' then
    -- The order depends on addresses, or on how Redis hashes long strings.
    local parts, ordered = {}, true
    for k, v in pairs(value) do
      parts[#parts + 1] = '[' .. show(k) .. ']=' .. show(v)
      ordered = ordered and type(k) ~= 'table' and (type(k) ~= 'string' or #k < 32)
    end
    if not ordered then table.sort(parts) end
    return '{#' .. #value .. ' ' .. table.concat(parts, ',') .. '}'
  end
  return (kind == 'boolean' or kind == 'nil') and tostring(value) or kind
end
local function show_all(...)
  local parts = {}
  for i = 1, select('#', ...) do parts[i] = show((select(i, ...))) end
  return table.concat(parts, ' | ')
end
