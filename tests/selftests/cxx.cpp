// SPDX-License-Identifier: GPL-2.0-only
/*
 * goro.hpp, the C++ header. Built twice: as usual, and as cxx-noexcept with -fno-exceptions, where what would
 * throw ends the program instead.
 */
#include <goro.hpp>

#include <signal.h>
#include <sys/wait.h>

#include <limits>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

static int n_points, n_failed;

#define CHECK(cond)							\
	do {								\
		if (!(cond)) {						\
			std::printf("# %s:%d: %s\n", __FILE__, __LINE__, #cond); \
			return false;					\
		}							\
	} while (0)

static void point(const char *name, bool good)
{
	std::printf("%sok %d - %s\n", good ? "" : "not ", ++n_points, name);
	n_failed += !good;
}

static goro::device &dev()
{
	static goro::device d = goro::device::open().value();

	return d;
}

template <class T>
static goro::chan<T> make(uint64_t cap)
{
	return goro::chan<T>::make(dev(), cap).value();
}

static bool is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

struct point3 {
	int32_t x, y, z;
	explicit point3(int32_t a) : x(a), y(-a), z(a * a) {}	/* and no other: T need not have a default */
	bool operator==(const point3 &o) const { return x == o.x && y == o.y && z == o.z; }
};

struct nothing {
};

static bool elements()
{
	auto c = make<point3>(2);
	auto d = make<double>(1);
	auto e = make<nothing>(3);

	CHECK(c.info()->elem == 12 && d.info()->elem == 8 && e.info()->elem == 0);
	CHECK(c.send(point3(7)) && c.send(point3(8)) && c.size() == 2 && c.capacity() == 2);
	CHECK(**c.recv() == point3(7) && *c.try_recv().value() == point3(8));
	CHECK(d.send(0.5) && **d.recv() == 0.5);
	CHECK(e.send({}) && e.send({}) && e.size() == 2 && e.recv()->has_value());
	return true;
}

static bool deadlines()
{
	auto c = make<int>(1);

	CHECK(c.try_recv().error() == EAGAIN);
	CHECK(c.recv_for(1ns).error() == ETIMEDOUT && c.recv_for(-5h).error() == ETIMEDOUT);
	CHECK(c.recv_until(goro::clock::now() + 1ms).error() == ETIMEDOUT);
	CHECK(c.recv_until(goro::clock::time_point()).error() == ETIMEDOUT);
	CHECK(c.send(1) && c.try_send(2).error() == EAGAIN);
	CHECK(c.send_for(2, 0.5ms).error() == ETIMEDOUT);
	CHECK(c.send_until(2, goro::clock::now()).error() == ETIMEDOUT);
	/* what is no time in ns any more is for ever; an element that is there comes whatever the deadline */
	CHECK(goro::detail::in(std::chrono::hours::max()) == GORO_FOREVER);
	CHECK(goro::detail::in(std::chrono::duration<double>(1e30)) == GORO_FOREVER);
	CHECK(goro::detail::deadline(std::chrono::time_point<goro::clock, std::chrono::hours>::max()) == GORO_FOREVER);
	CHECK(goro::detail::deadline(goro::clock::time_point(5ns)) == 5);
	CHECK(c.recv_for(std::chrono::seconds::max()) && c.send(3) && **c.recv_for(0s) == 3);
	return true;
}

static bool close_and_range()
{
	auto c = make<int>(0);
	auto twin = c.dup().value();
	long sum = 0;
	int n = 0;

	CHECK(twin.fd() != c.fd());
	std::thread sender([&] {
		for (int i = 1; i <= 1000; i++)
			twin.send(i);
		twin.close();
	});
	for (int v : c) {
		sum += v;
		n++;
	}
	sender.join();
	CHECK(n == 1000 && sum == 500500);
	auto r = c.recv();
	CHECK(r && !*r && r.error() == 0);
	CHECK(c.send(1).error() == EPIPE && c.close().error() == EBADFD && c.info()->state == GORO_CHAN_CLOSED);
	CHECK(std::string(c.send(1).message()) == std::strerror(EPIPE));
	return true;
}

static bool batches()
{
	auto c = make<uint16_t>(8);
	uint16_t v[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, w[8] = {};

	CHECK(*c.send_n(v, 5) == 5 && *c.recv_n(w, 8) == 5 && w[4] == 5 && w[5] == 0);
	CHECK(c.recv_n(w, 8, 0, GORO_NOW).error() == EAGAIN && c.send_n(v, 0).error() == EINVAL);
	CHECK(*c.send_n(v, 8) == 8 && c.send_n(v, 1, GORO_NOW).error() == EAGAIN && *c.recv_n(w, 8, GORO_RECV_ALL) == 8);
	CHECK(c.close() && *c.recv_n(w, 8) == 0);
	return true;
}

static bool owners()
{
	int first, second;

	{
		auto a = make<int>(1), b = make<int>(1);

		first = a.fd();
		second = b.fd();
		a = std::move(b);
		CHECK(!is_open(first) && a.fd() == second && b.fd() == -1);
		auto c = std::move(a);
		CHECK(c.fd() == second && is_open(second));
	}
	CHECK(!is_open(second));

	auto c = make<int>(1);
	int fd = c.release();

	CHECK(c.fd() == -1 && is_open(fd) && c.send(1).error() == EBADF);
	CHECK(goro::chan<char>::adopt(fd).error() == EINVAL && is_open(fd));
	CHECK(goro::chan<int>::adopt(fd)->fd() == fd);	/* the owner ends here */
	CHECK(!is_open(fd) && goro::chan<int>::adopt(fd).error() == EBADF);
	CHECK(goro::chan<int>::adopt(dev().fd()).error() == ENOTTY);
	CHECK(goro::chan<int>::make(dev(), 1ULL << 40).error() == EINVAL);
	static_assert(!std::is_copy_constructible_v<goro::chan<int>> && !std::is_copy_assignable_v<goro::task> &&
		      std::is_nothrow_move_constructible_v<goro::chan<int>> &&
		      !std::is_copy_constructible_v<goro::device>, "owners move, and do not copy");
	return true;
}

static bool tasks()
{
	auto in = make<int64_t>(4), out = make<int64_t>(1);
	auto sum = goro::task::spawn(dev(), "sum", in, out).value();

	CHECK(sum.try_wait().error() == EAGAIN && sum.wait_for(1us).error() == ETIMEDOUT);
	for (int64_t i = 1; i <= 100; i++)
		CHECK(in.send(i));
	CHECK(in.close() && **out.recv() == 5050 && *sum.wait() == 100 && *sum.try_wait() == 100);
	CHECK(sum.info()->state == GORO_TASK_DONE && std::string(sum.info()->class_name) == "sum");

	auto t = goro::task::spawn_with(dev(), "sleep", uint64_t{3600000000000}).value();

	CHECK(t.wait_until(goro::clock::now()).error() == ETIMEDOUT);
	CHECK(t.cancel() && *t.wait() == -ECANCELED);
	CHECK(goro::task::spawn(dev(), "nosuch").error() == ENOENT);
	CHECK(goro::task::spawn_with(dev(), "sleep", 'x').error() == EINVAL);
	return true;
}

static bool devices()
{
	auto q = dev().query();
	auto s = dev().stats();
	auto u = dev().usage();

	CHECK(q->abi == GORO_ABI && q->elem_max == 65536 && s->chan_created > 0 && u->files > 0);

	auto mine = goro::device::open().value();

	CHECK(mine.cpu_max(20ms, 100ms) && mine.cpu_stat()->quota_ns == 20000000);
	CHECK(mine.cpu_stat()->period_ns == 100000000 && mine.cpu_max(20ms, 2s).error() == EINVAL);
	CHECK(mine.cpu_max(std::chrono::nanoseconds::max(), 100ms) && mine.cpu_stat()->quota_ns == GORO_CPU_NO_MAX);
	return true;
}

static bool many_threads()
{
	auto c = make<uint64_t>(16), done = make<uint64_t>(0);
	std::vector<std::thread> threads;
	uint64_t sum = 0;

	for (int i = 0; i < 4; i++)
		threads.emplace_back([&] {
			uint64_t mine = 0;

			for (uint64_t v : c)
				mine += v;
			done.send(mine);
		});
	for (uint64_t i = 0; i < 4000; i++)
		CHECK(c.send(i));
	CHECK(c.close());
	for (int i = 0; i < 4; i++)
		sum += **done.recv();
	for (auto &t : threads)
		t.join();
	CHECK(sum == 4000ULL * 3999 / 2);
	return true;
}

static void handler(int) {}

/* a signal ends neither a range-for nor what it has received */
static bool range_and_signals()
{
	struct sigaction sa = {};
	auto c = make<int>(0);
	pthread_t receiver = pthread_self();
	int sum = 0;

	sa.sa_handler = handler;	/* no SA_RESTART */
	sigaction(SIGUSR1, &sa, nullptr);
	uint64_t before = dev().stats()->wakes_signal;
	std::thread sender([&] {
		while (!c.info()->receivers)
			std::this_thread::yield();
		/* until one has surely met the wait: any number may come before it */
		while (dev().stats()->wakes_signal == before) {
			pthread_kill(receiver, SIGUSR1);
			std::this_thread::yield();
		}
		c.send(1);
		c.send(2);
		c.close();
	});
	for (int v : c)
		sum += v;
	sender.join();
	CHECK(sum == 3 && dev().stats()->wakes_signal > before);
	return true;
}

/* what has no other way to tell of a failure */
static bool failures()
{
	auto c = make<int>(1);

	CHECK(c.close());
#if defined(__cpp_exceptions)
	int code = 0;

	try {
		c.send(1).value();
	} catch (const std::system_error &e) {
		code = e.code().value();
		CHECK(e.code() == std::errc::broken_pipe);
	}
	CHECK(code == EPIPE);
	try {
		goro::device::open().value();
		goro::chan<int>::adopt(-1).value();
		code = 0;
	} catch (const std::system_error &e) {
		code = e.code().value();
	}
	CHECK(code == EBADF);
#else
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (!freopen("/dev/null", "w", stderr))
			_exit(1);
		c.send(1).value();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
#endif
	return true;
}

static bool selects()
{
	auto c = make<int32_t>(1);
	auto d = make<point3>(1);
	auto ctx = goro::context::with_cancel(dev(), dev()).value();
	std::optional<int32_t> v;
	std::optional<point3> p;

	auto r = goro::try_select(goro::recv(c, v), goro::recv(d, p), goro::done(ctx));
	CHECK(!r && r.error() == EAGAIN);
	r = goro::select_for(1ms, goro::recv(c, v), goro::done(ctx));
	CHECK(!r && r.error() == ETIMEDOUT);
	r = goro::select_until(goro::clock::now() - 1s, goro::recv(c, v));
	CHECK(!r && r.error() == ETIMEDOUT);
	r = goro::select(goro::recv(c, v), goro::send(d, point3(5)), goro::done(ctx));
	CHECK(r && *r == 1 && !v && !p);
	r = goro::select(goro::recv(c, v), goro::recv(d, p), goro::done(ctx));
	CHECK(r && *r == 1 && !v && p == point3(5));
	c.send(7);
	r = goro::select(goro::recv(c, v), goro::recv(d, p));
	CHECK(r && *r == 0 && *v == 7);
	d.close();
	r = goro::select(goro::recv(c, v), goro::recv(d, p));
	CHECK(r && *r == 1 && !p && *v == 7);
	r = goro::select(goro::recv(c, v), goro::send(d, point3(1)));
	CHECK(!r && r.error() == EPIPE);
	ctx.cancel();
	r = goro::select(goro::recv(c, v), goro::done(ctx));
	CHECK(r && *r == 1);
	return true;
}

static bool timers()
{
	auto before = goro::clock::now();
	auto t = goro::timer::in(dev(), 1ms).value();
	goro::clock::time_point at;

	CHECK(t.recv().value() >= before + 1ms);
	CHECK(t.try_recv().error() == EAGAIN);
	CHECK(!t.reset_in(1h).value());
	CHECK(t.stop().value());
	CHECK(!t.stop().value());
	before = goro::clock::now();
	t = goro::timer::at(dev(), before + 1ms).value();
	CHECK(*goro::select(goro::recv(t, at)) == 0 && at >= before + 1ms);
	t = goro::timer::every(dev(), 1ms).value();
	CHECK(*goro::select(goro::recv(t)) == 0);
	CHECK(t.recv().value() > before);
	CHECK(t.reset_every(2ms));
	CHECK(t.reset_every(0ms).error() == EINVAL);
	CHECK(goro::timer::every(dev(), -1ms).error() == EINVAL);
	return true;
}

static bool contexts()
{
	auto root = goro::context::with_cancel(dev(), dev()).value();
	auto child = goro::context::with_timeout(dev(), root, 1h).value();
	auto late = goro::context::with_deadline(dev(), child, goro::clock::now() - 1s).value();
	auto sleeper = goro::task::spawn_with(child, dev(), "sleep", uint64_t(3600000000000)).value();

	CHECK(late.err() == ETIMEDOUT && late.wait());
	CHECK(!root.err() && !child.err());
	CHECK(child.wait_for(1ms).error() == ETIMEDOUT);
	CHECK(root.cancel(EIO));
	CHECK(child.wait() && child.err() == ECANCELED && child.cause() == EIO);
	CHECK(sleeper.wait().value() == -ECANCELED);
	CHECK(goro::task::spawn_with(child, dev(), "sleep", uint64_t(0)).error() == ECANCELED);
	CHECK(root.cancel(-1).error() == EINVAL);
	{
		auto parent = goro::context::with_cancel(dev(), dev()).value();

		child = goro::context::with_cancel(dev(), parent).value();
		CHECK(!child.err());
	}
	/* its last owner has gone */
	CHECK(child.err() == ECANCELED);
	auto again = goro::context::adopt(child.release());
	CHECK(again.err() == ECANCELED);
	return true;
}

static bool groups()
{
	auto g = goro::group::make(dev(), 2).value();
	auto in = make<int64_t>(1), out = make<int64_t>(4);

	in.close();
	for (int i = 0; i < 4; i++)
		CHECK(g.go(dev(), "sum", in, out));
	CHECK(g.wait().value() == 0 && out.size() == 4);
	CHECK(g.go_with(dev(), "sleep", uint64_t(3600000000000)));
	CHECK(g.try_wait().error() == EAGAIN);
	CHECK(g.wait_for(1ms).error() == ETIMEDOUT);
	auto inner = goro::group::make_in(dev(), g).value();
	auto ctx = goro::context::with_cancel(dev(), inner).value();
	CHECK(g.cancel(EDOM));
	CHECK(g.wait().value() == -ECANCELED && g.info().value().cause == -EDOM);
	CHECK(ctx.err() == ECANCELED && ctx.cause() == EDOM);
	CHECK(inner.go(dev(), "sum", in, out).error() == ECANCELED);
	return true;
}

int main()
{
	static const struct {
		const char *name;
		bool (*fn)();
	} tests[] = {
		{ "elements", elements }, { "deadlines", deadlines }, { "close_and_range", close_and_range },
		{ "batches", batches }, { "owners", owners }, { "tasks", tasks }, { "devices", devices },
		{ "many_threads", many_threads }, { "range_and_signals", range_and_signals },
		{ "failures", failures }, { "selects", selects }, { "timers", timers }, { "contexts", contexts },
		{ "groups", groups },
	};

	std::setvbuf(stdout, nullptr, _IOLBF, 0);
	std::printf("TAP version 13\n");
	if (access("/dev/goro", F_OK)) {
		std::printf("1..0 # SKIP no /dev/goro\n");
		return 4;
	}
	std::printf("1..%zu\n", sizeof(tests) / sizeof(tests[0]));
	for (const auto &t : tests)
		point(t.name, t.fn());
	return n_failed > 0;
}
