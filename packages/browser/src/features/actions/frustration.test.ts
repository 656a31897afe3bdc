// @vitest-environment jsdom
import { beforeEach, describe, expect, it } from 'vitest';
import { canBeDead, createCountClicks } from './frustration.ts';

/** The path of a click on the element with the id `x`. */
function pathIn(html: string): EventTarget[] {
  document.body.innerHTML = html;
  const path: EventTarget[] = [];
  for (let node: Node | null = document.getElementById('x'); node; node = node.parentNode) path.push(node);
  return path;
}

describe('canBeDead', () => {
  it.each([
    '<button id="x">Go</button>',
    '<button><i id="x">Go</i></button>',
    '<a id="x">Go</a>',
    '<div role="tab" id="x">Go</div>',
    '<input id="x" type="submit">',
  ])('is true of what should do something: %s', (html) => {
    expect(canBeDead(pathIn(html))).toBe(true);
  });

  it.each([
    '<p id="x">Text</p>',
    '<input id="x" type="checkbox">',
    '<input id="x" type="file">',
    '<input id="x">',
    '<select id="x"></select>',
    '<textarea id="x"></textarea>',
    '<label id="x">Label</label>',
    '<a><input id="x"></a>',
    '<button id="x" aria-disabled="true">Go</button>',
    '<own-part><button id="x">Go</button></own-part>',
    '<canvas></canvas><button id="x">Blue</button>',
  ])('is false of what shows its effect by itself or cannot show it: %s', (html) => {
    expect(canBeDead(pathIn(html))).toBe(false);
  });
});

/** Not yet told. */
const _ = undefined;

describe('countClicks', () => {
  beforeEach(() => {
    document.body.innerHTML = '<button id="x"></button><button id="y"></button><input id="field">';
  });

  const click = (id: string, timeStamp: number, clientX = 0): MouseEvent =>
    ({ target: document.getElementById(id), timeStamp, clientX, clientY: 0 }) as unknown as MouseEvent;

  it.each([
    ['in a row on the same thing', [0, 300, 600, 900].map((ms) => clickAt('x', ms)), [_, _, 3, 4]],
    [
      'on the same spot of different things',
      [clickAt('x', 0), clickAt('y', 300, 20), clickAt('x', 600)],
      [_, _, 3],
    ],
    [
      'on different things elsewhere as new ones',
      [clickAt('x', 0), clickAt('x', 1), clickAt('y', 300, 200)],
      [_, _, _],
    ],
    ['that come later as new ones', [0, 500, 1500, 2000].map((ms) => clickAt('x', ms)), [_, _, _, _]],
    ['on fields not at all', [0, 100, 200].map((ms) => clickAt('field', ms)), [_, _, _]],
  ])('counts clicks %s', (_what, clicks, counts) => {
    const countClicks = createCountClicks(window);
    expect(clicks.map((args) => countClicks(click(...args)))).toEqual(counts);
  });
});

function clickAt(id: string, timeStamp: number, clientX = 0): [string, number, number] {
  return [id, timeStamp, clientX];
}
