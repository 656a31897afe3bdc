import type { EarlyEvent, EarlyPatch, EarlyRecords, EarlyRequest } from '../features/early/earlyRecords.ts';

declare global {
  /** What the snippet hands to the agent. */
  // oxlint-disable-next-line no-var -- so that it is one of the window's
  var clickspanEarly: EarlyRecords | undefined;
}

/** What a request came to: an answer, an XHR, or an error. */
type Outcome = Partial<Pick<Response, 'status' | 'headers'> & Pick<Error, 'name'>>;
type Method = (...args: unknown[]) => Promise<Outcome> | undefined;
type Methods = Record<string, Method>;

// oxlint-disable eqeqeq, no-unused-expressions, no-unnecessary-type-assertion -- each byte counts here
// Runs inline, before everything else of the page, and is as short as can be, not as clear: `adoptEarly` takes over what it
// keeps. Its options are attributes of its own script tag, named as the agent's. A block keeps its names from the page.
try {
  const { consent, sampleRatio, propagateTo, neverPropagateTo } = document.currentScript!.dataset;
  // Whoever asks for consent does so elsewhere, and nothing is kept before.
  if (!consent) {
    /** A span id is what is left of a trace id behind its 16th digit. */
    const toId = (from?: number): string => crypto.randomUUID().replace(/-/g, '').slice(from);
    /** What has no other cause comes of the load, until that is over or the user does something. */
    let base: EarlyEvent | [] = [0 as never, toId(), toId(16)];
    const records: EarlyRecords[0] = [base];
    /** Where an XHR has what it was opened with. */
    const opened = Symbol();
    // Read only where it matters: the first touch of the storage takes time.
    const session: string = (sampleRatio && localStorage['clickspan.session']) || toId();
    const patches = 'fetch,open,setRequestHeader,send'.split(/, */).map((name, index): EarlyPatch => {
      const owner = (index ? XMLHttpRequest.prototype : self) as unknown as Methods;
      const original = owner[name]!;
      const patched: Method = new Proxy(original, {
        apply(_, self, args) {
          const [input, init = {}] = args;
          let end: ((outcome?: Outcome) => Outcome | undefined) | undefined;
          try {
            if (index == 1) self[opened] = args;
            // The caller's own stays, and such a request is none of ours.
            else if (index == 2) {
              if (/^tracep/i.test(input)) self[opened] = 0;
            } else if (!records[98]) {
              let method = init.method;
              let address = input;
              let carrier = self;
              if (index) {
                [method, address] = self[opened];
                self.addEventListener('loadend', () => end!(self));
              } else {
                carrier = new Headers(init.headers);
                // What may be read only once is left to the browser.
                if (init.constructor != Object || input.url || carrier.has('traceparent')) throw 0;
                args[1] = { ...init, headers: carrier };
              }
              const href = new Request(address).url;
              // An event is current in its listeners, and in the microtasks that follow each.
              const [, traceId = toId(), parentSpanId] = records.find((record) => record[0] == event) || base;
              const spanId = toId(16);
              const request: EarlyRequest = [method, traceId, spanId, parentSpanId, href, performance.now()];
              records.push(request);
              end = (outcome) => {
                (request as unknown[]).push(
                  performance.now(),
                  outcome?.status,
                  outcome?.name,
                  outcome?.headers,
                );
                return outcome;
              };
              // Of an exception the beginning is enough: what is not stamped does no harm.
              neverPropagateTo?.split(/, */).find((entry) => href.startsWith(entry)) ||
                ((origin + ',' + propagateTo).split(/, */).find((entry) => href.startsWith(entry + '/')) &&
                  carrier[index ? 'setRequestHeader' : 'set'](
                    'traceparent',
                    // Without a ratio it compares with no number, so it is sampled.
                    `00-${traceId}-${spanId}-0${(('0x' + session.slice(18, 31)) as unknown as number) / 2 ** 52 < 1 - (sampleRatio as unknown as number) ? 2 : 3}`,
                  ));
            }
          } catch {
            // The browser judges what is asked for.
          }
          const result = original.apply(self, args);
          return end && result
            ? result.then(end, (error: Outcome) => {
                throw end!(error);
              })
            : result;
        },
      });
      return [owner, name, original, (owner[name] = patched)];
    });

    'click,load,error,unhandledrejection'.split(/, */).map((type, index) =>
      addEventListener(
        type,
        (event) => {
          if (index < 2) base = [];
          records[98] || records.push([event, toId(), toId(16)]);
        },
        true,
      ),
    );

    clickspanEarly = [records, patches, session];
  }
} catch {
  // Without ids or without storage there is nothing to keep; the page goes on.
}
