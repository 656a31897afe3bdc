/** Whether a module of Node's has been loaded by anyone; to load it on our own account would cost a cold start. */
export function isBuiltinLoaded(name: string): boolean {
  const { moduleLoadList } = process as unknown as { moduleLoadList?: readonly string[] };
  return moduleLoadList?.includes(`NativeModule ${name}`) === true;
}
