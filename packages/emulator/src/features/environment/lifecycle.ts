/** An event that an extension can subscribe to. */
export type ExtensionEvent = 'INVOKE' | 'SHUTDOWN';

/** Why a call of the Runtime or Extensions API is refused; the names are the platform's own. */
export interface Refusal {
  readonly status: 'refused';
  readonly errorType: string;
  readonly errorMessage: string;
}

export type RuntimeState =
  'Started' | 'InitError' | 'Ready' | 'Running' | 'InvocationResponse' | 'ResponseSent';
type ExtensionState = 'Registered' | 'Ready' | 'Running' | 'InitError' | 'ExitError';

interface Extension {
  readonly name: string;
  readonly events: ReadonlySet<ExtensionEvent>;
  state: ExtensionState;
}

/** Who may ask for what, and when, inside one environment. Knows nothing of HTTP, processes or time. */
export interface Lifecycle {
  /** The runtime asks for its next event. `suspend`: it waits; `repeat`: it gets the event under way once more. */
  runtimeNext(): { readonly status: 'suspend' | 'repeat' } | Refusal;
  /** The runtime begins to send a response or an error. */
  beginResponse(): { readonly status: 'accepted' } | Refusal;
  /** The response has been handed on. */
  responseSent(): void;
  runtimeInitError(): { readonly status: 'accepted' } | Refusal;
  /** An extension that runs inside the runtime process registers. */
  register(name: string, events: readonly string[], id: string): { readonly status: 'registered' } | Refusal;
  /** An extension asks for its next event. */
  extensionNext(id: string): { readonly status: 'suspend' } | Refusal;
  /** An extension reports that it failed (`init`) or will exit (`exit`). */
  extensionError(id: string, when: 'init' | 'exit'): { readonly status: 'accepted' } | Refusal;
  /** Everyone has asked for a first event: the end of INIT. */
  isInitialized(): boolean;
  /** Runtime and every extension subscribed to INVOKE have asked for their next event. */
  isIdle(): boolean;
  /** An invocation begins. Only when idle. Returns the ids of the extensions that are to be told. */
  beginInvoke(): readonly string[];
  runtimeState(): RuntimeState;
}

/** Registrations that the platform allows in one environment (rapid core, core/registrations.go `MaxAgentsAllowed`). */
const MAX_EXTENSIONS = 10;

/**
 * Makes the state machine of one environment: the rules of the platform's own core ("rapid", in
 * aws/aws-lambda-runtime-interface-emulator at 4fa21571), for the runtime and for internal extensions.
 */
export function createLifecycle(): Lifecycle {
  const extensions = new Map<string, Extension>();
  let runtime: RuntimeState = 'Started';

  const everyExtension = (holds: (extension: Extension) => boolean): boolean =>
    [...extensions.values()].every(holds);

  return {
    runtimeNext: () => {
      if (runtime === 'Running') return { status: 'repeat' };
      if (runtime === 'InitError' || runtime === 'InvocationResponse') return refuseRuntime(runtime, 'Ready');
      runtime = 'Ready';
      return { status: 'suspend' };
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
      const refusal = refuseRegistration(name, events, runtime, extensions);
      if (refusal) return refusal;
      extensions.set(id, { name, events: new Set(events as readonly ExtensionEvent[]), state: 'Registered' });
      return { status: 'registered' };
    },
    extensionNext: (id) => {
      const extension = extensions.get(id);
      if (!extension) return refuseUnknown(id);
      if (extension.state !== 'Registered' && extension.state !== 'Running')
        return refuseExtension(extension, id, 'Ready');
      extension.state = 'Ready';
      return { status: 'suspend' };
    },
    extensionError: (id, when) => {
      const extension = extensions.get(id);
      if (!extension) return refuseUnknown(id);
      const target = when === 'init' ? 'InitError' : 'ExitError';
      if (!mayFail(extension.state, target)) return refuseExtension(extension, id, target);
      extension.state = target;
      return { status: 'accepted' };
    },
    isInitialized: () => runtime === 'Ready' && everyExtension(({ state }) => state === 'Ready'),
    isIdle: () =>
      runtime === 'Ready' &&
      everyExtension(({ events, state }) => !events.has('INVOKE') || state === 'Ready'),
    beginInvoke: () => {
      runtime = 'Running';
      const told = [...extensions].filter(([, extension]) => extension.events.has('INVOKE'));
      for (const [, extension] of told) extension.state = 'Running';
      return told.map(([id]) => id);
    },
    runtimeState: () => runtime,
  };
}

function mayFail(from: ExtensionState, to: 'InitError' | 'ExitError'): boolean {
  // A second report of the same kind is taken, and changes nothing.
  return from === to || (to === 'InitError' ? from === 'Registered' : from !== 'InitError');
}

function refuseRegistration(
  name: string,
  events: readonly string[],
  runtime: RuntimeState,
  extensions: ReadonlyMap<string, Extension>,
): Refusal | undefined {
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
  if (extensions.size >= MAX_EXTENSIONS) {
    return refusal('Extension.TooManyExtensions', `Extension limit (${MAX_EXTENSIONS}) reached`);
  }
  if ([...extensions.values()].some((extension) => extension.name === name)) {
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
