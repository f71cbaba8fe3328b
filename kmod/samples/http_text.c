// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP's dates, content types and reasons. Pure, see http_text.h.
 */
#include "http_text.h"

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char days[] = "SunMonTueWedThuFriSat";

/* Days since 1970 of a date of the Gregorian calendar; years begin in March. */
static s64 days_from_civil(s64 y, int m, int d)
{
	s64 era;
	int yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

void http_date(s64 t, char buf[HTTP_DATE_LEN])
{
	s64 day, era, y;
	unsigned int sec, doe, yoe, doy, mp, m, d;

	/* four digits of a year are what the format has */
	if (t < 0)
		t = 0;
	if (t > 253402300799LL)
		t = 253402300799LL;
	day = t / 86400;
	sec = t % 86400;
	era = (day + 719468) / 146097;
	doe = (day + 719468) % 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	d = doy - (153 * mp + 2) / 5 + 1;
	m = mp + (mp < 10 ? 3 : -9);
	y = yoe + era * 400 + (m <= 2);
	snprintf(buf, HTTP_DATE_LEN, "%.3s, %02u %.3s %04u %02u:%02u:%02u GMT",
		 days + (day + 4) % 7 * 3, d % 32, months + (m - 1) % 12 * 3,
		 (unsigned int)y % 10000, sec / 3600 % 24, sec / 60 % 60, sec % 60);
}

/* Match @fmt at @s: 'd' a digit, '_' a digit or blank, 'a' a letter, else itself. */
static bool looks_like(const char *s, const char *fmt)
{
	for (; *fmt; fmt++, s++) {
		bool digit = *s >= '0' && *s <= '9';

		if (*fmt == 'd' ? !digit :
		    *fmt == '_' ? !digit && *s != ' ' :
		    *fmt == 'a' ? (*s | 32) < 'a' || (*s | 32) > 'z' : *s != *fmt)
			return false;
	}
	return !*s;
}

static int num(const char *s, int n)
{
	int v = 0;

	for (; n--; s++)
		v = v * 10 + (*s == ' ' ? 0 : *s - '0');
	return v;
}

static int year_of(s64 t)
{
	char buf[HTTP_DATE_LEN];

	http_date(t, buf);
	return num(buf + 12, 4);
}

bool http_parse_date(const char *s, s64 now, s64 *t)
{
	const char *mon, *clock, *m;
	int y, month, d, hh, mm, ss;
	s64 day;

	if (looks_like(s, "aaa, dd aaa dddd dd:dd:dd GMT")) {
		d = num(s + 5, 2);
		mon = s + 8;
		y = num(s + 12, 4);
		clock = s + 17;
	} else if (looks_like(s, "aaa aaa _d dd:dd:dd dddd")) {
		/* asctime() */
		d = num(s + 8, 2);
		mon = s + 4;
		y = num(s + 20, 4);
		clock = s + 11;
	} else {
		/* RFC 850: "Sunday, 06-Nov-94 08:49:37 GMT" */
		const char *p = strchr(s, ',');

		if (!p || p - s > 9 || !looks_like(p, ", dd-aaa-dd dd:dd:dd GMT"))
			return false;
		d = num(p + 2, 2);
		mon = p + 5;
		y = num(p + 9, 2);
		/* RFC 9110, 5.6.7: more than 50 years ahead is a century ago */
		y += year_of(now) / 100 * 100;
		if (y > year_of(now) + 50)
			y -= 100;
		clock = p + 12;
	}
	for (m = months; *m && strncmp(m, mon, 3); m += 3)
		;
	hh = num(clock, 2);
	mm = num(clock + 3, 2);
	ss = num(clock + 6, 2);
	if (!*m || d < 1 || d > 31 || hh > 23 || mm > 59 || ss > 60)
		return false;
	month = (m - months) / 3 + 1;
	day = days_from_civil(y, month, 1) + d - 1;
	/* the 31st of a month that has none */
	if (day >= days_from_civil(y + month / 12, month % 12 + 1, 1))
		return false;
	*t = day * 86400 + hh * 3600 + mm * 60 + ss;
	return true;
}

const char *http_content_type(const char *path)
{
	static const struct {
		const char *ext, *type;
	} types[] = {
		{ "html",       "text/html; charset=utf-8" },
		{ "htm",        "text/html; charset=utf-8" },
		{ "css",        "text/css; charset=utf-8" },
		{ "js",         "text/javascript; charset=utf-8" },
		{ "mjs",        "text/javascript; charset=utf-8" },
		{ "json",       "application/json" },
		{ "map",        "application/json" },
		{ "webmanifest", "application/manifest+json" },
		{ "txt",        "text/plain; charset=utf-8" },
		{ "log",        "text/plain; charset=utf-8" },
		{ "md",         "text/markdown; charset=utf-8" },
		{ "csv",        "text/csv; charset=utf-8" },
		{ "c",          "text/plain; charset=utf-8" },
		{ "h",          "text/plain; charset=utf-8" },
		{ "xml",        "application/xml" },
		{ "xhtml",      "application/xhtml+xml" },
		{ "atom",       "application/atom+xml" },
		{ "rss",        "application/rss+xml" },
		{ "svg",        "image/svg+xml" },
		{ "png",        "image/png" },
		{ "jpg",        "image/jpeg" },
		{ "jpeg",       "image/jpeg" },
		{ "gif",        "image/gif" },
		{ "webp",       "image/webp" },
		{ "avif",       "image/avif" },
		{ "ico",        "image/x-icon" },
		{ "pdf",        "application/pdf" },
		{ "wasm",       "application/wasm" },
		{ "woff",       "font/woff" },
		{ "woff2",      "font/woff2" },
		{ "ttf",        "font/ttf" },
		{ "otf",        "font/otf" },
		{ "mp3",        "audio/mpeg" },
		{ "ogg",        "audio/ogg" },
		{ "wav",        "audio/wav" },
		{ "mp4",        "video/mp4" },
		{ "webm",       "video/webm" },
		{ "zip",        "application/zip" },
		{ "gz",         "application/gzip" },
		{ "tar",        "application/x-tar" },
		{ "zst",        "application/zstd" },
	};
	const char *dot = strrchr(path, '.');
	size_t i;

	for (i = 0; dot && i < ARRAY_SIZE(types); i++)
		if (!strcasecmp(dot + 1, types[i].ext))
			return types[i].type;
	return "application/octet-stream";
}

const char *http_reason(int status)
{
	switch (status) {
	case 100: return "Continue";
	case 200: return "OK";
	case 206: return "Partial Content";
	case 301: return "Moved Permanently";
	case 304: return "Not Modified";
	case 400: return "Bad Request";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 408: return "Request Timeout";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 416: return "Range Not Satisfiable";
	case 417: return "Expectation Failed";
	case 421: return "Misdirected Request";
	case 431: return "Request Header Fields Too Large";
	case 501: return "Not Implemented";
	case 503: return "Service Unavailable";
	case 505: return "HTTP Version Not Supported";
	default:  return "Internal Server Error";
	}
}
