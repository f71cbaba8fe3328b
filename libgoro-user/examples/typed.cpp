// SPDX-License-Identifier: MIT
/*
 * Typed channels: points go through a goroutine of the kernel ("echo") from one
 * thread to another, which adds up what arrives until the channel is closed.
 */
#include <goro.hpp>
#include <iostream>
#include <thread>

struct point {
	int x, y;
};

int main()
{
	auto dev = goro::device::open().value();
	auto in = goro::chan<point>::make(dev, 4).value();
	auto out = goro::chan<point>::make(dev).value();
	auto echo = goro::task::spawn(dev, "echo", in, out).value();

	std::thread sender([&] {
		for (int i = 1; i <= 10; i++)
			in.send({ i, -i * i });
		in.close();
	});
	std::thread closer([&] {
		std::cout << echo.wait().value() << " points went through the kernel\n";
		out.close();
	});

	point sum{};
	for (const point &p : out) {
		sum.x += p.x;
		sum.y += p.y;
	}
	sender.join();
	closer.join();
	std::cout << "x " << sum.x << ", y " << sum.y << "\n";
}
