# SPDX-License-Identifier: LGPL-2.1-or-later
# A person at a terminal: runs driverctl on a pty, types and reads. Prints TAP. Arguments: the state directory, and
# options for driverctl.
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

count = 0


def ok(passed, name, why=""):
    global count
    count += 1
    print("%s %d - %s" % ("ok" if passed else "not ok", count, name))
    for line in [] if passed else str(why).splitlines():
        print("# " + line)
    sys.stdout.flush()


class Person:
    """driverctl with `args` as the foreground job of a session on a new terminal."""

    def __init__(self, args, rows=31, columns=97):
        self.master, slave = pty.openpty()
        self.slave = slave
        self.size(rows, columns)
        self.text = b""

        def at_terminal():
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        # The shell in between is what a stopped job needs: somebody who could continue it.
        self.process = subprocess.Popen(
            ["bash", "-c", 'set -m; "$@"; echo "shell sees $?"; fg >/dev/null 2>&1; echo "end $?"', "bash",
             "driverctl", "--root", sys.argv[1]] + sys.argv[2:] + args,
            stdin=slave, stdout=slave, stderr=slave, preexec_fn=at_terminal, close_fds=True)

    def size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def types(self, text):
        os.write(self.master, text)

    def reads(self, pattern, seconds=20):
        """Waits until the output matches; returns the match or None, and forgets what was before."""
        end = time.monotonic() + seconds
        while True:
            match = re.search(pattern, self.text, re.S)
            if match:
                self.text = self.text[match.end():]
                return match
            if time.monotonic() > end or not select.select([self.master], [], [], 1)[0] and self.process.poll() is not None:
                return None
            try:
                self.text += os.read(self.master, 65536) if select.select([self.master], [], [], 0)[0] else b""
            except OSError:
                return None

    def echoes(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ECHO)

    def job(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as children:
            for pid in children.read().split():
                with open(f"/proc/{pid}/comm") as comm:
                    if comm.read() == "driverctl\n":
                        return int(pid)
        raise LookupError("the shell runs no driverctl")

    def ends(self):
        match = self.reads(rb"end (\d+)")
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        os.close(self.master)
        os.close(self.slave)
        return match and int(match.group(1))


def state(pid):
    with open("/proc/%d/stat" % pid) as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def waits_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


# An interactive shell
p = Person(["run", "--", "sh"])
ok(p.reads(rb"[#$] "), "a shell shows its prompt", p.text)
ok(waits_for(lambda: not p.echoes()), "our terminal is in raw mode")
p.types(b"stty size; tty; echo $TERM\r")
ok(p.reads(rb"31 97"), "the terminal has the size of ours from the beginning", p.text)
ok(p.reads(rb"/dev/(pts/0|console)"), "the program has a terminal of its own", p.text)
p.size(17, 63)
os.kill(p.job(), signal.SIGWINCH)
time.sleep(0.2)
p.types(b"stty size\r")
ok(p.reads(rb"17 63"), "it follows when ours changes", p.text)
p.types(b"sleep 100\r")
time.sleep(0.3)
p.types(b"\x03")
p.types(b"echo in$((1+1))terrupted\r")
ok(p.reads(rb"in2terrupted"), "^C goes to the program inside", p.text)
p.types(b"exit 9\r")
ok(p.reads(rb"shell sees 9"), "the shell's exit code is driverctl's", p.text)
ok(p.echoes(), "our terminal is as it was")
p.ends()

# ^D and output that comes last
p = Person(["run", "--", "cat"])
time.sleep(0.3)
p.types(b"typed\r")
ok(p.reads(rb"typed\r\n.*typed"), "cat sees and says what was typed", p.text)
p.types(b"\x04")
ok(p.reads(rb"shell sees 0"), "^D is the end of input", p.text)
p.ends()
p = Person(["run", "--", "seq", "200000"])
ok(p.reads(rb"199999\r\n200000\r\nshell sees 0"), "output is complete when the program has ended", p.text[-200:])
p.ends()

# Without a terminal of its own: signals of our terminal are passed on
p = Person(["run", "--no-tty", "--", "sh", "-c", 'tty; trap "echo got INT; exit 7" INT; echo ready; while :; do sleep 0.1; done'])
ok(p.reads(rb"not a tty|/dev/"), "--no-tty")
ok(p.reads(rb"ready"), "the program runs", p.text)
p.types(b"\x03")
ok(p.reads(rb"got INT.*shell sees 7"), "^C is passed on", p.text)
p.ends()

p = Person(["run", "--no-tty", "--", "sh", "-c", 'trap "" TERM INT; echo ready; while :; do sleep 0.1; done'])
ok(p.reads(rb"ready"), "a program that ignores signals", p.text)
p.types(b"\x03")
time.sleep(0.3)
p.types(b"\x03")
ok(p.reads(rb"shell sees 137"), "a second ^C within two seconds kills it", p.text)
p.ends()

# ^Z
p = Person(["run", "--no-tty", "--pid-file", sys.argv[1] + ".pid", "--", "sh", "-c",
            'echo ready; i=0; while [ $i -lt 1000000 ]; do i=$((i+1)); [ -e /tmp/stop ] && exit 8; sleep 0.05; done'])
ok(p.reads(rb"ready"), "a program runs", p.text)
job = p.job()
# The program may be quicker than the file that names it.
waits_for(lambda: os.path.exists(sys.argv[1] + ".pid"))
pid = int(open(sys.argv[1] + ".pid").read())
p.types(b"\x1a")
# The shell's "fg" continues it at once, so the stop itself is seen from outside, in the shell's word.
ok(p.reads(rb"shell sees 148"), "^Z stops driverctl", p.text)
ok(waits_for(lambda: state(job) in "SR"), "fg lets it go on")
ok(subprocess.run(["nsenter", "-t", str(pid), "-m", "touch", "/tmp/stop"]).returncode == 0, "something is changed inside")
ok(p.ends() == 8, "the program went on too and ended by itself", p.text)

# Stopped without a terminal: the container stands still until we go on
args = ["driverctl", "--root", sys.argv[1]] + sys.argv[2:] + ["run", "still", "--", "sh", "-c", "while :; do :; done"]
shell = subprocess.Popen(["bash", "-c", 'set -m; "$@" & echo $!; wait $!; sleep 60', "bash"] + args, stdout=subprocess.PIPE,
                         stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
job = int(shell.stdout.readline())


def listed():
    out = subprocess.run(["driverctl", "--root", sys.argv[1], "list", "--json"], capture_output=True, text=True).stdout
    return re.findall(r'"status": "(\w+)"', out)


ok(waits_for(lambda: listed() == ["running"]), "a busy container runs", listed())
os.kill(job, signal.SIGTSTP)
ok(waits_for(lambda: listed() == ["paused"]), "TSTP pauses it", listed())
ok(waits_for(lambda: state(job) == "T"), "and stops driverctl", state(job))
os.kill(job, signal.SIGCONT)
ok(waits_for(lambda: listed() == ["running"]), "CONT resumes it", listed())

# SIGKILL of driverctl
os.kill(job, signal.SIGKILL)
ok(waits_for(lambda: listed() == []), "driverctl killed with SIGKILL leaves nothing", listed())
shell.kill()
shell.wait()
print("1..%d" % count)
