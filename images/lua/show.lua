-- SPDX-License-Identifier: BSD-2-Clause
-- show.lua: what `make lua` runs by default: a set of Mandelbrot, from a program that was not written for this guest.
local width, height, deepest = 78, 22, 60
local shades = " .:-=+*#%@"

local function steps(cx, cy)
    local x, y = 0.0, 0.0
    for n = 0, deepest - 1 do
        x, y = x * x - y * y + cx, 2 * x * y + cy
        if x * x + y * y > 4 then
            return n
        end
    end
    return deepest
end

local function lines()
    for row = 0, height - 1 do
        local line = {}
        for column = 0, width - 1 do
            local n = steps(column / width * 3.2 - 2.3, row / height * 2.4 - 1.2)
            local shade = n * (#shades - 1) // deepest + 1
            line[#line + 1] = shades:sub(shade, shade)
        end
        coroutine.yield(table.concat(line))
    end
end

for line in coroutine.wrap(lines) do
    print(line)
end
print(string.format("%s, %.1f KiB in use, %s", _VERSION, collectgarbage("count"), os.date("!%Y-%m-%d %H:%M:%S")))
