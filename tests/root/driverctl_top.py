# SPDX-License-Identifier: LGPL-2.1-or-later
# A person who looks at driverctl top: runs it on a pty, presses keys and reads the screen. Prints TAP without a plan.
# Arguments: the state directory, which has the containers a-large, b-busy and c-many, and how many cases were before.
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time

count = int(sys.argv[2])


def ok(passed, name, why=""):
    global count
    count += 1
    print("%s %d - %s" % ("ok" if passed else "not ok", count, name))
    for line in [] if passed else str(why).splitlines():
        print("# " + repr(line))
    sys.stdout.flush()


class View:
    """driverctl top on a terminal of its own, and what that terminal would show."""

    def __init__(self, args=(), rows=20, columns=90, term="xterm", shell=False):
        self.master, self.slave = pty.openpty()
        self.size(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.text = b""

        def at_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        command = ["driverctl", "--root", sys.argv[1], "top"] + list(args)
        if shell:
            command = ["bash", "-c", 'set -m; "$@"; echo "shell sees $?"; read -r; fg >/dev/null; echo "end $?"',
                       "bash"] + command
        self.process = subprocess.Popen(command, stdin=self.slave, stdout=self.slave, stderr=self.slave,
                                        preexec_fn=at_terminal, close_fds=True, env=dict(os.environ, TERM=term))

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, text):
        os.write(self.master, text)

    def read(self, seconds):
        """Whether there was more."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            more = os.read(self.master, 65536)
        except OSError:
            return False
        self.text += more
        return bool(more)

    def until(self, condition, seconds=20):
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self.read(0.2)
        return condition()

    def page(self):
        """The lines of the last page that was drawn to its end."""
        pages = [p for p in self.text.split(b"\x1b[H") if p.endswith(b"\x1b[J") or b"\x1b[J\x1b" in p]
        if not pages:
            return []
        page = pages[-1].split(b"\x1b[J")[0].decode()
        return [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in re.split("\r+\n", page)]

    def ids(self):
        return [line.split()[0] for line in self.page()[2:] if line]

    def ends(self):
        """The exit code, negative for a signal."""
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None
        while self.read(0.2):
            pass
        return code

    def as_it_was(self):
        after = termios.tcgetattr(self.slave)
        entered, left = self.text.count(b"\x1b[?1049h"), self.text.count(b"\x1b[?1049l")
        hidden, shown = self.text.count(b"\x1b[?25l"), self.text.count(b"\x1b[?25h")
        return after == self.before and entered == left > 0 and hidden == shown > 0

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def close(self):
        os.close(self.master)
        os.close(self.slave)


three = ["a-large", "b-busy", "c-many"]
v = View()
ok(v.until(lambda: sorted(v.ids()) == three), "it shows what runs", v.text)
ok(v.until(lambda: "3 running, by cpu" in v.page()[0]), "and by what it is sorted", v.text)
ok(v.until(lambda: v.ids()[0] == "b-busy"), "the busiest comes first", v.page())
ok(not v.echoes(), "keys are not echoed")
v.press(b"i")
ok(v.until(lambda: v.ids() == three), "i sorts by id", v.page())
v.press(b"r")
ok(v.until(lambda: v.ids() == three[::-1]), "r turns the order round", v.page())
v.press(b"r")
ok(v.until(lambda: v.ids() == three), "and back", v.page())
v.press(b"m")
ok(v.until(lambda: v.ids()[0] == "a-large" and "by memory" in v.page()[0]), "m sorts by memory", v.page())
v.press(b"p")
ok(v.until(lambda: v.ids()[0] == "c-many" and "by pids" in v.page()[0]), "p sorts by processes", v.page())
v.press(b"t")
ok(v.until(lambda: v.ids()[0] == "b-busy" and "by time" in v.page()[0]), "t sorts by cpu time", v.page())
v.press(b"c?\x1b[A")
ok(v.until(lambda: "by cpu" in v.page()[0]), "c sorts by load; other keys do nothing", v.page())
v.size(4, 30)
ok(v.until(lambda: len(v.page()) == 4), "a smaller terminal shows fewer lines", v.page())
ok(max(len(line) for line in v.page()) <= 30, "which are not longer than it is wide", v.page())
v.size(20, 120)
ok(v.until(lambda: len(v.page()) == 5 and "q quit" in v.page()[0]), "a larger one shows all again", v.page())
subprocess.run(["driverctl", "--root", sys.argv[1], "pause", "c-many"], check=True)
ok(v.until(lambda: sorted(v.ids()) == three), "a paused one stays", v.page())
subprocess.run(["driverctl", "--root", sys.argv[1], "delete", "-f", "c-many"], check=True)
ok(v.until(lambda: sorted(v.ids()) == three[:2]), "one that ends goes", v.page())
v.press(b"q")
ok(v.ends() == 0, "q ends it with 0")
ok(v.as_it_was(), "q leaves the terminal as it was", v.text)
v.close()

v = View(["--sort", "memory"])
ok(v.until(lambda: v.page() and "by memory" in v.page()[0]), "--sort is how it begins", v.text)
v.press(b"\x03")
ok(v.ends() == 0, "^C ends it with 0")
ok(v.as_it_was(), "^C leaves the terminal as it was", v.text)
v.close()

for number, code in ((signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)):
    v = View()
    v.until(lambda: v.ids())
    v.process.send_signal(number)
    ok(v.ends() == code, "%s ends it with %d" % (number.name, code))
    ok(v.as_it_was(), "%s leaves the terminal as it was" % number.name, v.text)
    v.close()

v = View(shell=True)
v.until(lambda: v.ids())
v.press(b"\x1a")
ok(v.until(lambda: b"shell sees 148" in v.text), "^Z stops it", v.text)
ok(v.as_it_was(), "^Z leaves the terminal as it was", v.text)
v.text = b""
v.press(b"\n")
ok(v.until(lambda: v.ids()), "fg shows it again", v.text)
v.press(b"q")
ok(v.until(lambda: b"end 0" in v.text), "and it ends as usual", v.text)
v.ends()
v.close()

v = View(term="dumb")
ok(v.ends() == 0 and b"a-large" in v.text and b"\x1b" not in v.text, "a dumb terminal gets plain text, once", v.text)
v.close()

v = View()
v.until(lambda: v.ids())
v.close()
ok(v.process.wait(20) in (129, 125, -signal.SIGHUP), "it does not outlive its terminal")
print("# end")
