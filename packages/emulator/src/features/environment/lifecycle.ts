/** An event that an extension can subscribe to. */
export type ExtensionEvent = 'INVOKE' | 'SHUTDOWN';

/** Why a call of the Runtime or Extensions API is refused; the names are the platform's own. */
export interface Refusal {
  readonly status: 'refused';
  readonly errorType: string;
  readonly errorMessage: string;
}

export type RuntimeState =
  | 'Started'
  | 'InitError'
  | 'RestoreReady'
  | 'Restoring'
  | 'Ready'
  | 'Running'
  | 'InvocationResponse'
  | 'ResponseSent';
export type ExtensionState = 'Started' | 'Registered' | 'Ready' | 'Running' | 'InitError' | 'ExitError';

/** Internal ones run inside the runtime process, external ones are files of `/opt/extensions`. */
export type ExtensionKind = 'internal' | 'external';

/** One extension as the environment knows it. */
export interface ExtensionInfo {
  readonly name: string;
  readonly kind: ExtensionKind;
  readonly events: readonly ExtensionEvent[];
  readonly state: ExtensionState;
}

interface Extension {
  readonly name: string;
  readonly kind: ExtensionKind;
  events: ReadonlySet<ExtensionEvent>;
  state: ExtensionState;
}

/** Who may ask for what, and when, inside one environment. Knows nothing of HTTP, processes or time. */
export interface Lifecycle {
  /** The runtime asks for its next event. `suspend`: it waits; `repeat`: it gets the event under way once more. */
  runtimeNext(): { readonly status: 'suspend' | 'repeat' } | Refusal;
  /** The runtime is ready for a snapshot, and waits to be restored from it. */
  runtimeRestoreNext(): { readonly status: 'suspend' } | Refusal;
  /** A restore begins; false when the runtime does not wait for one. */
  beginRestore(): boolean;
  /** The runtime begins to send a response or an error. */
  beginResponse(): { readonly status: 'accepted' } | Refusal;
  /** The response has been handed on. */
  responseSent(): void;
  runtimeInitError(): { readonly status: 'accepted' } | Refusal;
  /** An extension registers: an external one when its name is that of one started, else an internal one. */
  register(name: string, events: readonly string[], id: string): { readonly status: 'registered' } | Refusal;
  /** An extension asks for its next event. `shutdown`: it gets that at once. */
  extensionNext(id: string): { readonly status: 'suspend' | 'shutdown' } | Refusal;
  /** An extension reports that it failed (`init`) or will exit (`exit`). */
  extensionError(id: string, when: 'init' | 'exit'): { readonly status: 'accepted' } | Refusal;
  /** Every external extension has registered: the runtime may start. */
  areExternalsRegistered(): boolean;
  /** Everyone has asked for a first event: the end of INIT. */
  isInitialized(): boolean;
  /** Runtime and every extension subscribed to INVOKE have asked for their next event. */
  isIdle(): boolean;
  /** An invocation begins. Only when idle. Returns the ids of the extensions that are to be told. */
  beginInvoke(): readonly string[];
  /** The environment ends. Returns the ids of the external extensions that are to be told. */
  beginShutdown(): readonly string[];
  extensions(): readonly ExtensionInfo[];
  nameOf(id: string): string | undefined;
  runtimeState(): RuntimeState;
}

/** Registrations that the platform allows in one environment (rapid core, core/registrations.go `MaxAgentsAllowed`). */
export const MAX_EXTENSIONS = 10;

/**
 * Makes the state machine of one environment: the rules of the platform's own core ("rapid", in
 * aws/aws-lambda-runtime-interface-emulator at 4fa21571), for the runtime and for extensions.
 *
 * @param externalNames file names of the external extensions
 * @param isMany whether it serves many requests at once, where no extension is told of each (the same,
 * lambda-managed-instances/rapi/handler/agentregister.go)
 */
export function createLifecycle(externalNames: readonly string[] = [], isMany = false): Lifecycle {
  const externals = externalNames.map((name): Extension => ({
    name,
    kind: 'external',
    events: new Set(),
    state: 'Started',
  }));
  /** Those that have registered, by their id. */
  const extensions = new Map<string, Extension>();
  let runtime: RuntimeState = 'Started';
  let ending = false;

  const all = (): readonly Extension[] => [
    ...externals,
    ...[...extensions.values()].filter(({ kind }) => kind === 'internal'),
  ];
  const subscribed = (event: ExtensionEvent): readonly [string, Extension][] =>
    [...extensions].filter(([, { events }]) => events.has(event));

  return {
    runtimeNext: () => {
      if (runtime === 'Running') return { status: 'repeat' };
      if (runtime === 'InitError' || runtime === 'InvocationResponse') return refuseRuntime(runtime, 'Ready');
      runtime = 'Ready';
      return { status: 'suspend' };
    },
    runtimeRestoreNext: () => {
      if (runtime !== 'Started') return refuseRuntime(runtime, 'RestoreReady');
      runtime = 'RestoreReady';
      return { status: 'suspend' };
    },
    beginRestore: () => {
      if (runtime !== 'RestoreReady') return false;
      runtime = 'Restoring';
      return true;
    },
    beginResponse: () => {
      if (runtime !== 'Running') return refuseRuntime(runtime, 'InvocationResponse');
      runtime = 'InvocationResponse';
      return { status: 'accepted' };
    },
    responseSent: () => {
      runtime = 'ResponseSent';
    },
    runtimeInitError: () => {
      if (runtime !== 'Started') return refuseRuntime(runtime, 'InitError');
      runtime = 'InitError';
      return { status: 'accepted' };
    },
    register: (name, events, id) => {
      const external = externals.find((extension) => extension.name === name);
      const refused = external
        ? refuseExternal(external, events, isMany)
        : refuseInternal(name, events, runtime, all(), isMany);
      if (refused) return refused;
      const extension = external ?? { name, kind: 'internal', events: new Set(), state: 'Registered' };
      extension.events = new Set(events as readonly ExtensionEvent[]);
      extension.state = 'Registered';
      extensions.set(id, extension);
      return { status: 'registered' };
    },
    extensionNext: (id) => {
      const extension = extensions.get(id);
      if (!extension) return refuseUnknown(id);
      if (extension.state !== 'Registered' && extension.state !== 'Running')
        return refuseExtension(extension, id, 'Ready');
      extension.state = 'Ready';
      return { status: ending && isTold(extension) ? 'shutdown' : 'suspend' };
    },
    extensionError: (id, when) => {
      const extension = extensions.get(id);
      if (!extension) return refuseUnknown(id);
      const target = when === 'init' ? 'InitError' : 'ExitError';
      if (!mayFail(extension.state, target)) return refuseExtension(extension, id, target);
      extension.state = target;
      return { status: 'accepted' };
    },
    areExternalsRegistered: () => externals.every(({ state }) => state !== 'Started'),
    isInitialized: () =>
      (runtime === 'Ready' || runtime === 'RestoreReady') && all().every(({ state }) => state === 'Ready'),
    isIdle: () => runtime === 'Ready' && subscribed('INVOKE').every(([, { state }]) => state === 'Ready'),
    beginInvoke: () => {
      runtime = 'Running';
      const told = subscribed('INVOKE');
      for (const [, extension] of told) extension.state = 'Running';
      return told.map(([id]) => id);
    },
    beginShutdown: () => {
      ending = true;
      return [...extensions].filter(([, extension]) => isTold(extension)).map(([id]) => id);
    },
    extensions: () =>
      all().map(({ name, kind, events, state }) => ({ name, kind, events: [...events], state })),
    nameOf: (id) => extensions.get(id)?.name,
    runtimeState: () => runtime,
  };
}

function mayFail(from: ExtensionState, to: 'InitError' | 'ExitError'): boolean {
  // A second report of the same kind is taken, and changes nothing.
  return from === to || (to === 'InitError' ? from === 'Registered' : from !== 'InitError');
}

/** Who hears of the environment's end: external extensions alone can subscribe to that. */
function isTold({ kind, events }: Extension): boolean {
  return kind === 'external' && events.has('SHUTDOWN');
}

function refuseExternal(
  extension: Extension,
  events: readonly string[],
  isMany: boolean,
): Refusal | undefined {
  const other = isMany ? events.find((event) => event !== 'SHUTDOWN') : undefined;
  if (other !== undefined) return refusal('Extension.InvalidEventType', `${other}: ErrorInvalidEventType`);
  const unknown = events.find((event) => event !== 'INVOKE' && event !== 'SHUTDOWN');
  if (unknown !== undefined) return refusal('Extension.InvalidEventType', `${unknown}: ErrInvalidEventType`);
  return extension.state === 'Started' ? undefined : refuseExtension(extension, extension.name, 'Registered');
}

function refuseInternal(
  name: string,
  events: readonly string[],
  runtime: RuntimeState,
  extensions: readonly Extension[],
  isMany: boolean,
): Refusal | undefined {
  if (isMany && events.length > 0)
    return refusal('Extension.InvalidEventType', 'No events allowed for internal extensions');
  const unsupported = events.find((event) => event !== 'INVOKE');
  if (unsupported === 'SHUTDOWN') {
    return refusal(
      'Extension.InvalidEventType',
      `${unsupported}: event is not supported for internal extensions`,
    );
  }
  if (unsupported !== undefined)
    return refusal('Extension.InvalidEventType', `${unsupported}: ErrInvalidEventType`);
  if (runtime !== 'Started')
    return refusal('Extension.RegistrationClosed', 'Extension registration closed already');
  if (extensions.length >= MAX_EXTENSIONS) {
    return refusal('Extension.TooManyExtensions', `Extension limit (${MAX_EXTENSIONS}) reached`);
  }
  if (extensions.some((extension) => extension.name === name)) {
    return refusal('Extension.InvalidExtensionState', 'Extension with this name already registered');
  }
  return undefined;
}

function refusal(errorType: string, errorMessage: string): Refusal {
  return { status: 'refused', errorType, errorMessage };
}

function refuseUnknown(id: string): Refusal {
  return refusal('Extension.UnknownExtensionIdentifier', `Unknown extension ${id}`);
}

function refuseExtension(extension: Extension, id: string, target: string): Refusal {
  const message = `State transition from ${extension.state} to ${target} failed for extension ${id}. Error: not allowed`;
  return refusal('Extension.InvalidExtensionState', message);
}

function refuseRuntime(from: RuntimeState, target: string): Refusal {
  return refusal(
    'InvalidStateTransition',
    `State transition from ${from} to ${target} failed for runtime. Error: not allowed`,
  );
}
