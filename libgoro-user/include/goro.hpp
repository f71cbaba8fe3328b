/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * libgoro-user for C++17: channels of the kernel with a type, select over them,
 * timers, contexts, tasks and their groups.
 *
 *	auto dev = goro::device::open().value();
 *	auto c = goro::chan<int>::make(dev, 8).value();
 *
 *	c.send(42);
 *	if (auto r = c.recv_for(10ms); r && *r)
 *		use(**r);
 *	c.close();
 *	for (int v : c)		// until it is closed and drained
 *		use(v);
 *
 * Header only, over <goro.h>; link with -lgoro-user. Nothing throws but what
 * is asked for: each call returns a result, a value or an errno. Only
 * result::value() and the range-for of a channel, which have no other way to
 * tell, throw std::system_error; built with -fno-exceptions they end the
 * program with a message.
 *
 *	std::optional<int> v;
 *
 *	switch (goro::select_for(10ms, recv(c, v), send(d, 1), done(ctx)).value()) { ...
 *
 * All that is an object owns a descriptor: it moves, and does not copy.
 * Their const calls may be made by many threads at once. The descriptor is for
 * poll(2) and for other processes; another owner of the same channel comes
 * from dup() or adopt().
 *
 * Elements cross process borders, so they are trivially copyable, and a pointer
 * among them means nothing to another process. An empty type is an element of
 * 0 bytes (Go: chan struct{}).
 */
#ifndef GORO_HPP
#define GORO_HPP

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <new>
#include <optional>
#include <system_error>
#include <type_traits>
#include <utility>

#include <goro.h>

namespace goro {

/* of CLOCK_MONOTONIC on Linux: its time points are goro's deadlines */
using clock = std::chrono::steady_clock;

namespace detail {

[[noreturn]] inline void raise(int err, const char *what)
{
#if defined(__cpp_exceptions)
	throw std::system_error(err, std::generic_category(), what);
#else
	std::fprintf(stderr, "%s: %s\n", what, std::strerror(err));
	std::abort();
#endif
}

/* A deadline that is not GORO_NOW: a time in the past is -ETIMEDOUT, not -EAGAIN. */
template <class Duration>
uint64_t deadline(std::chrono::time_point<clock, Duration> t)
{
	/* where it would not fit into ns, it is as good as for ever */
	if (std::chrono::duration_cast<std::chrono::hours>(t.time_since_epoch()) >
	    std::chrono::duration_cast<std::chrono::hours>(std::chrono::nanoseconds::max()) -
	    std::chrono::hours(1))
		return GORO_FOREVER;
	auto ns = std::chrono::ceil<std::chrono::nanoseconds>(t.time_since_epoch()).count();

	return ns > 0 ? static_cast<uint64_t>(ns) : 1;
}

template <class Rep, class Period>
uint64_t in(std::chrono::duration<Rep, Period> d)
{
	if (d <= d.zero())
		return 1;
	if (std::chrono::duration_cast<std::chrono::duration<double>>(d).count() > 9e9)
		return GORO_FOREVER;
	return goro_in(static_cast<uint64_t>(
		std::chrono::ceil<std::chrono::nanoseconds>(d).count()));
}

/* a descriptor and its close(2) */
class fd {
public:
	fd() noexcept = default;
	explicit fd(int n) noexcept : n_(n) {}
	fd(fd &&o) noexcept : n_(std::exchange(o.n_, -1)) {}
	fd &operator=(fd &&o) noexcept
	{
		if (this != &o)
			reset(std::exchange(o.n_, -1));
		return *this;
	}
	~fd() { reset(-1); }

	int get() const noexcept { return n_; }
	int release() noexcept { return std::exchange(n_, -1); }
	void reset(int n) noexcept
	{
		int old = std::exchange(n_, n), saved = errno;

		if (old >= 0)
			::close(old);
		errno = saved;
	}
	int dup() const noexcept
	{
		int saved = errno, n = ::fcntl(n_, F_DUPFD_CLOEXEC, 0);

		if (n < 0)
			n = -errno;
		errno = saved;
		return n;
	}

private:
	int n_ = -1;
};

} // namespace detail

/* A value, or the errno why there is none: what std::expected<T, int> is in C++23. */
template <class T>
class [[nodiscard]] result {
public:
	using value_type = T;

	result(T v) : v_(std::move(v)), err_(0) {}
	static result failure(int err) { return result(err, 0); }

	explicit operator bool() const noexcept { return v_.has_value(); }
	bool has_value() const noexcept { return v_.has_value(); }
	/* an errno, positive; 0: there is a value */
	int error() const noexcept { return err_; }
	const char *message() const { return std::strerror(err_); }

	T &operator*() & { return *v_; }
	const T &operator*() const & { return *v_; }
	T &&operator*() && { return *std::move(v_); }
	T *operator->() { return &*v_; }
	const T *operator->() const { return &*v_; }
	T &value() & { check(); return *v_; }
	const T &value() const & { check(); return *v_; }
	T &&value() && { check(); return *std::move(v_); }

private:
	result(int err, int) : err_(err) {}
	void check() const
	{
		if (err_)
			detail::raise(err_, "goro");
	}

	std::optional<T> v_;
	int err_;
};

/* Done, or why not; may be ignored where a failure does not matter. */
template <>
class result<void> {
public:
	using value_type = void;

	result() noexcept = default;
	static result failure(int err) noexcept
	{
		result r;

		r.err_ = err;
		return r;
	}

	explicit operator bool() const noexcept { return !err_; }
	bool has_value() const noexcept { return !err_; }
	int error() const noexcept { return err_; }
	const char *message() const { return std::strerror(err_); }
	void value() const
	{
		if (err_)
			detail::raise(err_, "goro");
	}

private:
	int err_ = 0;
};

namespace detail {

inline result<void> done(int ret)
{
	return ret < 0 ? result<void>::failure(-ret) : result<void>();
}

/* a result that the library fills a struct for */
template <class S, class F>
result<S> filled(F call, int n)
{
	S s{};
	int ret = call(n, &s);

	return ret < 0 ? result<S>::failure(-ret) : result<S>(s);
}

} // namespace detail

/* /dev/goro */
class device {
public:
	static result<device> open()
	{
		int n = goro_dev_open();

		return n < 0 ? result<device>::failure(-n) : result<device>(device(n));
	}

	int fd() const noexcept { return fd_.get(); }
	result<goro_query> query() const { return detail::filled<goro_query>(goro_dev_query, fd()); }
	result<goro_stats> stats() const { return detail::filled<goro_stats>(goro_dev_stats, fd()); }
	result<goro_usage> usage() const { return detail::filled<goro_usage>(goro_dev_usage, fd()); }

	/* CPU time of the tasks started through this device, and a cap for it; nanoseconds::max(): none */
	result<goro_cpu_stat> cpu_stat() const
	{
		return detail::filled<goro_cpu_stat>(goro_dev_cpu_stat, fd());
	}
	result<void> cpu_max(std::chrono::nanoseconds quota, std::chrono::nanoseconds period) const
	{
		bool none = quota == std::chrono::nanoseconds::max();

		if (quota.count() < 0 || period.count() < 0)	/* -1 would be "none" */
			return result<void>::failure(EINVAL);
		return detail::done(goro_dev_cpu_max(
			fd(), none ? GORO_CPU_NO_MAX : static_cast<uint64_t>(quota.count()),
			static_cast<uint64_t>(period.count())));
	}

private:
	explicit device(int n) noexcept : fd_(n) {}
	detail::fd fd_;
};

/* A channel of elements T (Go: chan T). */
template <class T>
class chan {
	static_assert(std::is_trivially_copyable_v<T>, "elements are copied as bytes");
	static_assert(!std::is_pointer_v<T>, "a pointer means nothing to another process");
	static_assert(std::is_empty_v<T> || sizeof(T) <= 65536, "goro's limit");

public:
	using value_type = T;
	/* bytes an element */
	static constexpr uint32_t elem = std::is_empty_v<T> ? 0 : static_cast<uint32_t>(sizeof(T));

	/* Go: make(chan T, cap). @flags: GORO_FD_NONBLOCK */
	static result<chan> make(const device &dev, uint64_t cap = 0, uint32_t flags = 0)
	{
		return own(goro_kchan_make(dev.fd(), elem, cap, flags));
	}
	/* Own a descriptor that came from elsewhere. EINVAL, and it stays the caller's: elements of another size */
	static result<chan> adopt(int n)
	{
		goro_chan_info i{};
		int ret = goro_kchan_info(n, &i);

		if (ret < 0)
			return result<chan>::failure(-ret);
		return i.elem == elem ? own(n) : result<chan>::failure(EINVAL);
	}
	/* one more owner of the same channel */
	result<chan> dup() const { return own(fd_.dup()); }

	/* for poll(2): POLLIN a receive would not wait, POLLOUT a send would not, POLLHUP closed */
	int fd() const noexcept { return fd_.get(); }
	int release() noexcept { return fd_.release(); }

	/* Go: c <- v. EPIPE: closed; _until and _for: ETIMEDOUT; try_: EAGAIN */
	result<void> send(const T &v) const { return send_ns(v, GORO_FOREVER); }
	result<void> try_send(const T &v) const { return send_ns(v, GORO_NOW); }
	template <class Duration>
	result<void> send_until(const T &v, std::chrono::time_point<clock, Duration> t) const
	{
		return send_ns(v, detail::deadline(t));
	}
	template <class Rep, class Period>
	result<void> send_for(const T &v, std::chrono::duration<Rep, Period> d) const
	{
		return send_ns(v, detail::in(d));
	}
	/* n of them: how many were sent; less if a deadline, a signal or a close came in between */
	result<uint32_t> send_n(const T *v, uint32_t n, uint64_t deadline = GORO_FOREVER) const
	{
		return count(goro_kchan_sendn(fd(), v, n, deadline));
	}

	/* Go: v, ok = <-c. An element; nullopt: closed and drained; or an error as of send */
	result<std::optional<T>> recv() const { return recv_ns(GORO_FOREVER); }
	result<std::optional<T>> try_recv() const { return recv_ns(GORO_NOW); }
	template <class Duration>
	result<std::optional<T>> recv_until(std::chrono::time_point<clock, Duration> t) const
	{
		return recv_ns(detail::deadline(t));
	}
	template <class Rep, class Period>
	result<std::optional<T>> recv_for(std::chrono::duration<Rep, Period> d) const
	{
		return recv_ns(detail::in(d));
	}
	/* up to n of them, or with GORO_RECV_ALL all: how many; 0: closed and drained */
	result<uint32_t> recv_n(T *v, uint32_t n, uint32_t flags = 0,
				uint64_t deadline = GORO_FOREVER) const
	{
		return count(goro_kchan_recvn(fd(), v, n, flags, deadline));
	}

	/* Go: close(c), for all who have it. EBADFD: it was closed. The descriptor stays */
	result<void> close() const { return detail::done(goro_kchan_close(fd())); }
	result<goro_chan_info> info() const
	{
		return detail::filled<goro_chan_info>(goro_kchan_info, fd());
	}
	/* Go: len(c), cap(c) */
	uint64_t size() const { return info().value().len; }
	uint64_t capacity() const { return info().value().cap; }

	/* Go: for v := range c. A signal does not end it; an error throws */
	class iterator {
	public:
		using iterator_category = std::input_iterator_tag;
		using value_type = T;
		using difference_type = std::ptrdiff_t;
		using pointer = const T *;
		using reference = const T &;

		iterator() noexcept = default;
		reference operator*() const { return *v_; }
		pointer operator->() const { return &*v_; }
		iterator &operator++()
		{
			for (;;) {
				auto r = c_->recv();

				if (r) {
					v_ = *r;
					break;
				}
				if (r.error() != EINTR)
					detail::raise(r.error(), "goro::chan");
			}
			if (!v_)
				c_ = nullptr;
			return *this;
		}
		void operator++(int) { ++*this; }
		friend bool operator==(const iterator &a, const iterator &b) { return a.c_ == b.c_; }
		friend bool operator!=(const iterator &a, const iterator &b) { return a.c_ != b.c_; }

	private:
		friend class chan;
		explicit iterator(const chan *c) : c_(c) { ++*this; }
		const chan *c_ = nullptr;
		std::optional<T> v_;
	};
	iterator begin() const { return iterator(this); }
	iterator end() const { return iterator(); }

private:
	explicit chan(int n) noexcept : fd_(n) {}
	static result<chan> own(int n)
	{
		return n < 0 ? result<chan>::failure(-n) : result<chan>(chan(n));
	}
	static result<uint32_t> count(int ret)
	{
		return ret < 0 ? result<uint32_t>::failure(-ret)
			       : result<uint32_t>(static_cast<uint32_t>(ret));
	}
	result<void> send_ns(const T &v, uint64_t deadline) const
	{
		return detail::done(goro_kchan_send_until(fd(), &v, deadline));
	}
	result<std::optional<T>> recv_ns(uint64_t deadline) const
	{
		/* T need not have a constructor without arguments */
		alignas(T) unsigned char buf[sizeof(T)] = {};
		int ret = goro_kchan_recv_until(fd(), buf, deadline);

		if (ret < 0)
			return result<std::optional<T>>::failure(-ret);
		if (!ret)
			return std::optional<T>();
		return std::optional<T>(*std::launder(reinterpret_cast<T *>(buf)));
	}

	detail::fd fd_;
};

namespace detail {

/* what owns a descriptor and nothing else */
class handle {
public:
	/* for poll(2) */
	int fd() const noexcept { return fd_.get(); }
	int release() noexcept { return fd_.release(); }

protected:
	explicit handle(int n) noexcept : fd_(n) {}
	~handle() = default;
	handle(handle &&) noexcept = default;
	handle &operator=(handle &&) noexcept = default;

	detail::fd fd_;
};

/* the descriptor, or its errno, as an object */
template <class H>
result<H> own(int n, H (*make)(int))
{
	return n < 0 ? result<H>::failure(-n) : result<H>(make(n));
}

inline uint64_t ns(std::chrono::nanoseconds d)
{
	return d.count() > 0 ? static_cast<uint64_t>(d.count()) : 0;
}

inline result<bool> was_set(int ret)
{
	return ret < 0 ? result<bool>::failure(-ret) : result<bool>(ret > 0);
}

} // namespace detail

/*
 * Go: time.Timer and time.Ticker. The time at which it fired is received; poll(2):
 * POLLIN. The set-calls tell whether it was set and nothing of that had been
 * received; nothing of before is received after them.
 */
class timer : public detail::handle {
public:
	/* Go: time.NewTimer. @flags: GORO_FD_NONBLOCK */
	template <class Duration>
	static result<timer> at(const device &dev, std::chrono::time_point<clock, Duration> t,
				uint32_t flags = 0)
	{
		return detail::own(goro_ktimer_make(dev.fd(), detail::deadline(t), flags), make);
	}
	template <class Rep, class Period>
	static result<timer> in(const device &dev, std::chrono::duration<Rep, Period> d, uint32_t flags = 0)
	{
		return detail::own(goro_ktimer_make(dev.fd(), detail::in(d), flags), make);
	}
	/* Go: time.NewTicker. EINVAL: a period that is not positive */
	static result<timer> every(const device &dev, std::chrono::nanoseconds period, uint32_t flags = 0)
	{
		return detail::own(goro_kticker_make(dev.fd(), detail::ns(period), flags), make);
	}

	/* Go: <-t.C */
	result<clock::time_point> recv() const { return recv_ns(GORO_FOREVER); }
	result<clock::time_point> try_recv() const { return recv_ns(GORO_NOW); }

	template <class Rep, class Period>
	result<bool> reset_in(std::chrono::duration<Rep, Period> d) const
	{
		return detail::was_set(goro_ktimer_reset(fd(), detail::in(d)));
	}
	result<bool> reset_every(std::chrono::nanoseconds period) const
	{
		return detail::was_set(goro_kticker_reset(fd(), detail::ns(period)));
	}
	result<bool> stop() const { return detail::was_set(goro_ktimer_stop(fd())); }

private:
	using handle::handle;
	static timer make(int n) { return timer(n); }
	result<clock::time_point> recv_ns(uint64_t deadline) const
	{
		uint64_t v = 0;
		int ret = goro_kchan_recv_until(fd(), &v, deadline);

		return ret < 0 ? result<clock::time_point>::failure(-ret)
			       : result<clock::time_point>(clock::time_point(
					 std::chrono::nanoseconds(static_cast<int64_t>(v))));
	}
};

/* Go: context.Context and its cancel function; when the last owner goes it is cancelled. */
class context : public detail::handle {
public:
	/*
	 * Go: context.WithCancel, WithDeadline, WithTimeout. @parent: a context or a
	 * group; the device stands for context.Background()
	 */
	template <class P>
	static result<context> with_cancel(const device &dev, const P &parent)
	{
		return from(dev, parent_of(parent), GORO_FOREVER);
	}
	template <class P, class Duration>
	static result<context> with_deadline(const device &dev, const P &parent,
					     std::chrono::time_point<clock, Duration> t)
	{
		return from(dev, parent_of(parent), detail::deadline(t));
	}
	template <class P, class Rep, class Period>
	static result<context> with_timeout(const device &dev, const P &parent,
					    std::chrono::duration<Rep, Period> d)
	{
		return from(dev, parent_of(parent), detail::in(d));
	}
	/* own a descriptor that came from elsewhere */
	static context adopt(int n) { return context(n); }

	/* Go: cancel(cause): an errno, positive; 0: ECANCELED */
	result<void> cancel(int cause = 0) const { return detail::done(goro_kctx_cancel(fd(), -cause)); }
	/* Go: <-ctx.Done() */
	result<void> wait() const { return detail::done(goro_kctx_wait(fd(), GORO_FOREVER)); }
	template <class Rep, class Period>
	result<void> wait_for(std::chrono::duration<Rep, Period> d) const
	{
		return detail::done(goro_kctx_wait(fd(), detail::in(d)));
	}
	result<goro_ctx_info> info() const { return detail::filled<goro_ctx_info>(goro_kctx_info, fd()); }
	/* Go: ctx.Err(): an errno, positive, ECANCELED or ETIMEDOUT; 0: it is not done */
	int err() const { return -info().value().err; }
	/* Go: context.Cause(ctx) */
	int cause() const { return -info().value().cause; }

private:
	using handle::handle;
	static context make(int n) { return context(n); }
	static int parent_of(const device &) { return -1; }
	template <class P>
	static int parent_of(const P &parent) { return parent.fd(); }
	static result<context> from(const device &dev, int parent, uint64_t deadline)
	{
		return detail::own(goro_kctx_make(dev.fd(), parent, deadline), make);
	}
};

/* ---- select ------------------------------------------------------------- */

namespace detail {

struct wait_done {
	int fd;
	goro_select_case fill() { return goro_kselect_recv(fd, nullptr, 0); }
	int end(int) { return 0; }
};

struct recv_time {
	int fd;
	clock::time_point *to;
	uint64_t v = 0;
	goro_select_case fill() { return goro_kselect_recv(fd, &v, sizeof(v)); }
	int end(int)
	{
		if (to)
			*to = clock::time_point(std::chrono::nanoseconds(static_cast<int64_t>(v)));
		return 0;
	}
};

template <class T>
struct recv_value {
	int fd;
	std::optional<T> *to;
	alignas(T) unsigned char buf[sizeof(T)] = {};
	goro_select_case fill() { return goro_kselect_recv(fd, buf, chan<T>::elem); }
	int end(int res)
	{
		if (res)
			to->emplace(*std::launder(reinterpret_cast<T *>(buf)));
		else
			to->reset();
		return 0;
	}
};

template <class T>
struct send_value {
	int fd;
	T v;
	goro_select_case fill() { return goro_kselect_send(fd, &v, chan<T>::elem); }
	int end(int res) { return -res; }
};

/* the ioctl is one of the first case's file */
template <class... C>
result<std::size_t> select_ns(uint64_t deadline, C &...c)
{
	static_assert(sizeof...(C) > 0 && sizeof...(C) <= 64, "goro's limit");
	goro_select_case s[] = { c.fill()... };
	std::size_t i = 0, chosen;
	int ret = goro_kselect(s[0].fd, s, static_cast<uint32_t>(sizeof...(C)), deadline), err = 0;

	if (ret < 0)
		return result<std::size_t>::failure(-ret);
	chosen = static_cast<std::size_t>(ret);
	((i++ == chosen ? void(err = c.end(s[chosen].result)) : void()), ...);
	return err ? result<std::size_t>::failure(err) : result<std::size_t>(chosen);
}

} // namespace detail

/* cases of a select; where to receive to is written for the case that is chosen */
template <class T>
detail::recv_value<T> recv(const chan<T> &c, std::optional<T> &v) { return { c.fd(), &v }; }
template <class T>
detail::send_value<T> send(const chan<T> &c, const typename chan<T>::value_type &v)
{
	return { c.fd(), v };
}
inline detail::recv_time recv(const timer &t) { return { t.fd(), nullptr }; }
inline detail::recv_time recv(const timer &t, clock::time_point &at) { return { t.fd(), &at }; }
inline detail::wait_done done(const context &ctx) { return { ctx.fd() }; }

/* Go: select. The index of the case that was done; EPIPE: it was a send to a closed channel */
template <class... C>
result<std::size_t> select(C... c) { return detail::select_ns(GORO_FOREVER, c...); }
/* Go: with a default, which is EAGAIN */
template <class... C>
result<std::size_t> try_select(C... c) { return detail::select_ns(GORO_NOW, c...); }
template <class Rep, class Period, class... C>
result<std::size_t> select_for(std::chrono::duration<Rep, Period> d, C... c)
{
	return detail::select_ns(detail::in(d), c...);
}
template <class Duration, class... C>
result<std::size_t> select_until(std::chrono::time_point<clock, Duration> t, C... c)
{
	return detail::select_ns(detail::deadline(t), c...);
}

/* A goroutine of the kernel that runs a named class; when its last owner goes it is cancelled. */
class task {
public:
	/* Go: go cls(chans...) */
	template <class... T>
	static result<task> spawn(const device &dev, const char *cls, const chan<T> &...chans)
	{
		return start(dev, cls, nullptr, 0, { chans.fd()... });
	}
	/* Go: go cls(arg, chans...) */
	template <class Arg, class... T>
	static result<task> spawn_with(const device &dev, const char *cls, const Arg &arg,
				       const chan<T> &...chans)
	{
		static_assert(std::is_trivially_copyable_v<Arg>, "the argument is copied as bytes");
		static_assert(sizeof(Arg) <= 65536, "goro's limit");
		return start(dev, cls, &arg, static_cast<uint32_t>(sizeof(Arg)), { chans.fd()... });
	}

	/* the same under a context, which cancels it */
	template <class... T>
	static result<task> spawn(const context &ctx, const device &dev, const char *cls,
				  const chan<T> &...chans)
	{
		return under(ctx, dev, cls, nullptr, 0, { chans.fd()... });
	}
	template <class Arg, class... T>
	static result<task> spawn_with(const context &ctx, const device &dev, const char *cls,
				       const Arg &arg, const chan<T> &...chans)
	{
		static_assert(std::is_trivially_copyable_v<Arg>, "the argument is copied as bytes");
		static_assert(sizeof(Arg) <= 65536, "goro's limit");
		return under(ctx, dev, cls, &arg, static_cast<uint32_t>(sizeof(Arg)), { chans.fd()... });
	}

	/* for poll(2): POLLIN when it has ended */
	int fd() const noexcept { return fd_.get(); }
	int release() noexcept { return fd_.release(); }

	/* its end: what the class returned, 0 or more, or a negative errno such as -ECANCELED */
	result<int> wait() const { return wait_ns(GORO_FOREVER); }
	result<int> try_wait() const { return wait_ns(GORO_NOW); }
	template <class Duration>
	result<int> wait_until(std::chrono::time_point<clock, Duration> t) const
	{
		return wait_ns(detail::deadline(t));
	}
	template <class Rep, class Period>
	result<int> wait_for(std::chrono::duration<Rep, Period> d) const
	{
		return wait_ns(detail::in(d));
	}
	/* ask it to end; does not wait */
	result<void> cancel() const { return detail::done(goro_ktask_cancel(fd())); }
	result<goro_task_info> info() const
	{
		return detail::filled<goro_task_info>(goro_ktask_info, fd());
	}

private:
	explicit task(int n) noexcept : fd_(n) {}
	static result<task> start(const device &dev, const char *cls, const void *arg, uint32_t len,
				  std::initializer_list<int> chans)
	{
		int n = goro_ktask_spawn(dev.fd(), cls, arg, len, chans.begin(),
					 static_cast<uint32_t>(chans.size()));

		return n < 0 ? result<task>::failure(-n) : result<task>(task(n));
	}
	static result<task> under(const context &ctx, const device &dev, const char *cls,
				  const void *arg, uint32_t len, std::initializer_list<int> chans)
	{
		int n = goro_ktask_spawn_ctx(ctx.fd(), dev.fd(), cls, arg, len, chans.begin(),
					     static_cast<uint32_t>(chans.size()));

		return n < 0 ? result<task>::failure(-n) : result<task>(task(n));
	}
	result<int> wait_ns(uint64_t deadline) const
	{
		int value = 0, ret = goro_ktask_wait(fd(), &value, deadline);

		return ret < 0 ? result<int>::failure(-ret) : result<int>(value);
	}

	detail::fd fd_;
};

/*
 * Go: errgroup.Group. Its tasks have no owner but the group: the first that fails
 * cancels the others, and the end of the group's last owner cancels them all.
 */
class group : public detail::handle {
public:
	/* @limit: so many run at once; 0: no limit */
	static result<group> make(const device &dev, uint32_t limit = 0) { return from(dev, -1, limit); }
	/* of a context or group, whose end cancels it */
	template <class P>
	static result<group> make_in(const device &dev, const P &parent, uint32_t limit = 0)
	{
		return from(dev, parent.fd(), limit);
	}

	/* Go: g.Go(); waits for a place. ECANCELED: the group was cancelled */
	template <class... T>
	result<void> go(const device &dev, const char *cls, const chan<T> &...chans) const
	{
		return start(dev, cls, nullptr, 0, { chans.fd()... });
	}
	template <class Arg, class... T>
	result<void> go_with(const device &dev, const char *cls, const Arg &arg,
			     const chan<T> &...chans) const
	{
		static_assert(std::is_trivially_copyable_v<Arg>, "the argument is copied as bytes");
		static_assert(sizeof(Arg) <= 65536, "goro's limit");
		return start(dev, cls, &arg, static_cast<uint32_t>(sizeof(Arg)), { chans.fd()... });
	}

	/* Go: g.Wait(): the first negative result of a task, or 0 */
	result<int> wait() const { return wait_ns(GORO_FOREVER); }
	result<int> try_wait() const { return wait_ns(GORO_NOW); }
	template <class Rep, class Period>
	result<int> wait_for(std::chrono::duration<Rep, Period> d) const
	{
		return wait_ns(detail::in(d));
	}
	/* @cause: an errno, positive; 0: ECANCELED */
	result<void> cancel(int cause = 0) const { return detail::done(goro_kgroup_cancel(fd(), -cause)); }
	result<goro_group_info> info() const
	{
		return detail::filled<goro_group_info>(goro_kgroup_info, fd());
	}

private:
	using handle::handle;
	static group made(int n) { return group(n); }
	static result<group> from(const device &dev, int parent, uint32_t limit)
	{
		return detail::own(goro_kgroup_make(dev.fd(), parent, limit), made);
	}
	result<void> start(const device &dev, const char *cls, const void *arg, uint32_t len,
			   std::initializer_list<int> chans) const
	{
		return detail::done(goro_kgroup_go(fd(), dev.fd(), cls, arg, len, chans.begin(),
						   static_cast<uint32_t>(chans.size()), GORO_FOREVER));
	}
	result<int> wait_ns(uint64_t deadline) const
	{
		int value = 0, ret = goro_kgroup_wait(fd(), &value, deadline);

		return ret < 0 ? result<int>::failure(-ret) : result<int>(value);
	}
};

} // namespace goro

#endif /* GORO_HPP */
