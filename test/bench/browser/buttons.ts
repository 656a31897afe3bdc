import type { StagePage } from './driver.ts';

const BUTTONS = 12;

/** The middle of a button. */
export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** A page as deep as pages are: each button in a list in a section, with markup in it, and a listener that changes it. */
export function setUpButtons({ page }: StagePage): Promise<Spot[]> {
  return page.evaluate((count) => {
    const items = Array.from(
      { length: count },
      (_, n) => `<li><div class="row"><button type="button" class="btn"><svg width="8" height="8"></svg>
        <span>Add <b>item ${n}</b> to cart</span></button><output></output></div></li>`,
    );
    const main = document.createElement('main');
    main.innerHTML = `<section><form onsubmit="return false"><ul>${items.join('')}</ul></form></section>`;
    document.body.prepend(main);
    return Array.from(document.querySelectorAll('button'), (button) => {
      button.addEventListener('click', () => {
        button.nextElementSibling!.textContent = 'Added';
      });
      const { x, y, width, height } = button.getBoundingClientRect();
      return { x: x + width / 2, y: y + height / 2 };
    });
  }, BUTTONS);
}

/** Clicks as a user does. */
export async function click({ cdp }: StagePage, { x, y }: Spot): Promise<void> {
  const at = { x, y, button: 'left', clickCount: 1 } as const;
  await cdp.send('Input.dispatchMouseEvent', { type: 'mousePressed', ...at });
  await cdp.send('Input.dispatchMouseEvent', { type: 'mouseReleased', ...at });
}
