/** How long this process has kept processors busy, in s; costs a microsecond. */
export function readCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
