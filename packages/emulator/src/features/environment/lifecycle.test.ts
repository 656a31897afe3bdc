import { describe, expect, it } from 'vitest';
import { createLifecycle } from './lifecycle.ts';
import type { Lifecycle } from './lifecycle.ts';

// Each rule names its place in aws/aws-lambda-runtime-interface-emulator at 4fa21571, internal/lambda.

function registered(...names: string[]): Lifecycle {
  const lifecycle = createLifecycle();
  for (const name of names) lifecycle.register(name, ['INVOKE'], `id-${name}`);
  return lifecycle;
}

describe('registration of internal extensions', () => {
  it('takes INVOKE and no event at all (core/internalagent.go, subscribeUnsafe)', () => {
    const lifecycle = createLifecycle();
    expect(lifecycle.register('a', ['INVOKE'], '1')).toEqual({ status: 'registered' });
    expect(lifecycle.register('b', [], '2')).toEqual({ status: 'registered' });
  });

  it('refuses SHUTDOWN and unknown events (core/internalagent.go, ValidateInternalAgentEvent)', () => {
    const lifecycle = createLifecycle();
    for (const events of [['SHUTDOWN'], ['INVOKE', 'SHUTDOWN'], ['RESTORE']]) {
      const answer = lifecycle.register('a', events, '1');
      expect(answer).toMatchObject({ status: 'refused', errorType: 'Extension.InvalidEventType' });
    }
  });

  it("closes with the runtime's first next (rapid/handlers.go, registrationService.TurnOff)", () => {
    const lifecycle = createLifecycle();
    lifecycle.runtimeNext();
    expect(lifecycle.register('late', ['INVOKE'], '1')).toEqual({
      status: 'refused',
      errorType: 'Extension.RegistrationClosed',
      errorMessage: 'Extension registration closed already',
    });
  });

  it('takes ten and no more (core/registrations.go, MaxAgentsAllowed)', () => {
    const lifecycle = registered(...Array.from({ length: 10 }, (_, index) => `e${index}`));
    expect(lifecycle.register('e10', ['INVOKE'], 'x')).toMatchObject({
      errorType: 'Extension.TooManyExtensions',
    });
  });

  it('takes a name once (core/agentsmap.go, Insert)', () => {
    expect(registered('a').register('a', ['INVOKE'], 'x')).toMatchObject({
      errorType: 'Extension.InvalidExtensionState',
    });
  });
});

describe('INIT', () => {
  it('ends when the runtime and every registered extension have asked (rapid/handlers.go, AwaitAgentsReady)', () => {
    const lifecycle = registered('a');
    lifecycle.register('b', [], 'id-b');
    lifecycle.runtimeNext();
    expect(lifecycle.isInitialized()).toBe(false);
    lifecycle.extensionNext('id-a');
    expect(lifecycle.isInitialized()).toBe(false);
    lifecycle.extensionNext('id-b');
    expect(lifecycle.isInitialized()).toBe(true);
  });

  it('takes an init error from a runtime that has only started (core/states.go, RuntimeStartedState)', () => {
    expect(createLifecycle().runtimeInitError()).toEqual({ status: 'accepted' });
    const ready = createLifecycle();
    ready.runtimeNext();
    expect(ready.runtimeInitError()).toMatchObject({ errorType: 'InvalidStateTransition' });
  });

  it('gives a runtime that reported an init error no event (core/states.go, RuntimeInitErrorState)', () => {
    const lifecycle = createLifecycle();
    lifecycle.runtimeInitError();
    expect(lifecycle.runtimeNext()).toMatchObject({ errorType: 'InvalidStateTransition' });
  });
});

describe('an invocation', () => {
  function invoked(): Lifecycle {
    const lifecycle = registered('a');
    lifecycle.register('b', [], 'id-b');
    lifecycle.extensionNext('id-a');
    lifecycle.extensionNext('id-b');
    lifecycle.runtimeNext();
    lifecycle.beginInvoke();
    return lifecycle;
  }

  it('is told to the extensions that subscribed only (rapid/handlers.go, GetSubscribedInternalAgents)', () => {
    const lifecycle = registered('a');
    lifecycle.register('b', [], 'id-b');
    expect(lifecycle.beginInvoke()).toEqual(['id-a']);
  });

  it('is over when runtime and subscribed extensions have asked again, in either order (rapid/handlers.go, doInvoke)', () => {
    const extensionLast = invoked();
    extensionLast.beginResponse();
    extensionLast.responseSent();
    extensionLast.runtimeNext();
    expect(extensionLast.isIdle()).toBe(false);
    extensionLast.extensionNext('id-a');
    expect(extensionLast.isIdle()).toBe(true);

    const runtimeLast = invoked();
    runtimeLast.extensionNext('id-a');
    runtimeLast.beginResponse();
    runtimeLast.responseSent();
    expect(runtimeLast.isIdle()).toBe(false);
    runtimeLast.runtimeNext();
    expect(runtimeLast.isIdle()).toBe(true);
  });

  it('takes one response (core/states.go, RuntimeRunningState to RuntimeResponseSentState)', () => {
    const lifecycle = invoked();
    expect(lifecycle.beginResponse()).toEqual({ status: 'accepted' });
    lifecycle.responseSent();
    expect(lifecycle.beginResponse()).toMatchObject({ errorType: 'InvalidStateTransition' });
  });

  it('is given again to a runtime that asks before it has answered (core/states.go, RuntimeRunningState.Ready)', () => {
    expect(invoked().runtimeNext()).toEqual({ status: 'repeat' });
  });

  it('takes no response before it (core/states.go, RuntimeReadyState)', () => {
    const lifecycle = createLifecycle();
    lifecycle.runtimeNext();
    expect(lifecycle.beginResponse()).toMatchObject({ errorType: 'InvalidStateTransition' });
  });
});

describe('an extension', () => {
  it('may wait once at a time (core/internalagent_states.go, InternalAgentReadyState)', () => {
    const lifecycle = registered('a');
    lifecycle.extensionNext('id-a');
    expect(lifecycle.extensionNext('id-a')).toMatchObject({ errorType: 'Extension.InvalidExtensionState' });
  });

  it('is unknown unless it registered (rapi/handler/agentnext.go)', () => {
    expect(createLifecycle().extensionNext('x')).toMatchObject({
      errorType: 'Extension.UnknownExtensionIdentifier',
    });
  });

  it('that reported its exit holds the environment until its process ends (core/internalagent_states.go)', () => {
    const lifecycle = registered('a');
    expect(lifecycle.extensionError('id-a', 'exit')).toEqual({ status: 'accepted' });
    lifecycle.runtimeNext();
    expect(lifecycle.isInitialized()).toBe(false);
    expect(lifecycle.extensionNext('id-a')).toMatchObject({ errorType: 'Extension.InvalidExtensionState' });
    expect(lifecycle.extensionError('id-a', 'exit')).toEqual({ status: 'accepted' });
  });

  it('may report a failed init only before it has asked (core/internalagent_states.go, InitError)', () => {
    expect(registered('a').extensionError('id-a', 'init')).toEqual({ status: 'accepted' });
    const asked = registered('a');
    asked.extensionNext('id-a');
    expect(asked.extensionError('id-a', 'init')).toMatchObject({
      errorType: 'Extension.InvalidExtensionState',
    });
  });
});

describe('an external extension', () => {
  it('is one that was started, by its name; every other is internal (rapi/handler/agentregister.go)', () => {
    const lifecycle = createLifecycle(['outside']);
    expect(lifecycle.register('outside', ['INVOKE', 'SHUTDOWN'], '1')).toEqual({ status: 'registered' });
    expect(lifecycle.register('other', ['SHUTDOWN'], '2')).toMatchObject({
      errorType: 'Extension.InvalidEventType',
    });
    expect(lifecycle.extensions()).toEqual([
      { name: 'outside', kind: 'external', events: ['INVOKE', 'SHUTDOWN'], state: 'Registered' },
    ]);
  });

  it('registers once, for events that there are (core/externalagent_states.go)', () => {
    const lifecycle = createLifecycle(['outside']);
    expect(lifecycle.register('outside', ['RESTORE'], '1')).toMatchObject({
      errorType: 'Extension.InvalidEventType',
    });
    lifecycle.register('outside', [], '1');
    expect(lifecycle.register('outside', [], '2')).toMatchObject({
      errorType: 'Extension.InvalidExtensionState',
    });
  });

  it('holds back the runtime until it has registered, and INIT until it has asked (rapid/handlers.go)', () => {
    const lifecycle = createLifecycle(['outside']);
    expect(lifecycle.areExternalsRegistered()).toBe(false);
    lifecycle.register('outside', [], '1');
    expect(lifecycle.areExternalsRegistered()).toBe(true);
    lifecycle.runtimeNext();
    expect(lifecycle.isInitialized()).toBe(false);
    lifecycle.extensionNext('1');
    expect(lifecycle.isInitialized()).toBe(true);
  });

  it('counts among the ten (core/registrations.go, MaxAgentsAllowed)', () => {
    const lifecycle = createLifecycle(Array.from({ length: 10 }, (_, index) => `e${index}`));
    expect(lifecycle.register('inside', ['INVOKE'], 'x')).toMatchObject({
      errorType: 'Extension.TooManyExtensions',
    });
  });

  it('hears of the end when it subscribed to it, at once or when it asks (rapid/shutdown.go)', () => {
    const lifecycle = createLifecycle(['told', 'untold']);
    lifecycle.register('told', ['SHUTDOWN'], '1');
    lifecycle.register('untold', ['INVOKE'], '2');
    expect(lifecycle.beginShutdown()).toEqual(['1']);
    expect(lifecycle.extensionNext('1')).toEqual({ status: 'shutdown' });
    expect(lifecycle.extensionNext('2')).toEqual({ status: 'suspend' });
  });
});

describe('a runtime that waits to be restored', () => {
  it('has ended its INIT, goes on when the restore begins, and then asks for an event (core/states.go)', () => {
    const lifecycle = createLifecycle();
    expect(lifecycle.runtimeRestoreNext()).toEqual({ status: 'suspend' });
    expect([lifecycle.isInitialized(), lifecycle.isIdle()]).toEqual([true, false]);
    expect(lifecycle.beginRestore()).toBe(true);
    expect(lifecycle.beginRestore()).toBe(false);
    expect(lifecycle.runtimeNext()).toEqual({ status: 'suspend' });
    expect(lifecycle.isIdle()).toBe(true);
  });

  it('may ask for that before its first event only', () => {
    const lifecycle = createLifecycle();
    lifecycle.runtimeNext();
    expect(lifecycle.runtimeRestoreNext()).toMatchObject({ errorType: 'InvalidStateTransition' });
  });
});

// internal/lambda-managed-instances/rapi/handler/agentregister.go and core/externalagent.go (ValidateExternalAgentEvent)
describe('where many requests are served at once', () => {
  it('external extensions may have SHUTDOWN alone, internal ones no event', () => {
    const lifecycle = createLifecycle(['outside'], true);
    const types = [
      lifecycle.register('outside', ['INVOKE', 'SHUTDOWN'], 'a'),
      lifecycle.register('inside', ['INVOKE'], 'b'),
    ];
    expect(types).toMatchObject([
      { errorType: 'Extension.InvalidEventType', errorMessage: 'INVOKE: ErrorInvalidEventType' },
      { errorType: 'Extension.InvalidEventType', errorMessage: 'No events allowed for internal extensions' },
    ]);
    expect(lifecycle.register('outside', ['SHUTDOWN'], 'a')).toEqual({ status: 'registered' });
    expect(lifecycle.register('inside', [], 'b')).toEqual({ status: 'registered' });
    expect(lifecycle.beginShutdown()).toEqual(['a']);
  });
});
