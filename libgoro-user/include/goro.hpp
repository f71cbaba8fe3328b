/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/*
 * libgoro-user for C++17: channels of the kernel with a type, and tasks.
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
 * device, chan and task own a descriptor each: they move, and do not copy.
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
	result<int> wait_ns(uint64_t deadline) const
	{
		int value = 0, ret = goro_ktask_wait(fd(), &value, deadline);

		return ret < 0 ? result<int>::failure(-ret) : result<int>(value);
	}

	detail::fd fd_;
};

} // namespace goro

#endif /* GORO_HPP */
