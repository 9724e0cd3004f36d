# An exec joins no cgroup.
# file: drivers/native/exec.c
# test: tests/root/exec.sh
s/^\tnative_cgroups_join(exec->cgroups, exec->plan);//
