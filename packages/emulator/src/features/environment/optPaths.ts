/** `/opt` where a path can begin: at the start of a value, or after a space, `=`, `:`, `,` or a quote. */
const OPT_PATH = /(^|[\s=:,"'])\/opt(?=\/|$|[\s:,"'])/g;

/**
 * Maps the paths under `/opt` in the value of an environment variable to the folder that the layers were unpacked
 * into. The emulator runs without a mount namespace of its own, so `/opt` itself cannot be theirs.
 *
 * @param value for example `--require /opt/agent/preload.cjs`
 * @param optDir absolute path of the folder
 */
export function mapOptPaths(value: string, optDir: string): string {
  // file:///opt/… has its path after a slash, not after a colon.
  const mapped = value.replaceAll(OPT_PATH, (_, before: string) => `${before}${optDir}`);
  return mapped.replaceAll(/file:\/\/\/opt(?=\/)/g, `file://${optDir}`);
}
