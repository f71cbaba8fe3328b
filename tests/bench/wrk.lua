-- SPDX-License-Identifier: GPL-2.0-only
-- For wrk: the result as goro_bench.ko prints it, two JSON objects. Arguments: the case, the implementation.
-- A request that failed is no figure: a line that is no JSON says so.

function init(args)
	case, impl = args[1], args[2]
end

function setup(thread)
	threads = threads or {}
	table.insert(threads, thread)
end

function row(name, unit, value)
	print(string.format('{"case":"%s","impl":"%s","procs":1,"unit":"%s","median":%.1f,"min":%.1f,"max":%.1f,"runs":1}',
		name, threads[1]:get("impl"), unit, value, value, value))
end

function done(summary, latency, requests)
	local e, case = summary.errors, threads[1]:get("case")
	local bad = e.connect + e.read + e.write + e.status + e.timeout
	if bad > 0 or summary.requests == 0 then
		print(string.format("failed: %s, %s: of %d requests: connect %d, read %d, write %d, status %d, timeout %d",
			case, threads[1]:get("impl"), summary.requests, e.connect, e.read, e.write, e.status, e.timeout))
		return
	end
	row(case, "req/s", summary.requests / (summary.duration / 1e6))
	row(case .. "_99", "ns", latency:percentile(99) * 1e3)
end
