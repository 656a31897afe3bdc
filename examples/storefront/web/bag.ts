import type { Product } from './api.ts';

const SVG = 'http://www.w3.org/2000/svg';

/** Paper, label and ink of each bag; the blend's colours serve whatever is new. */
const COLOURS: Readonly<Record<string, readonly [paper: string, label: string, ink: string]>> = {
  kochere: ['#e8b04a', '#fff6dd', '#8a4b14'],
  'nyeri-hill': ['#b5485d', '#fdeaea', '#6b1630'],
  'finca-el-roble': ['#4e8a62', '#eef6e9', '#1f4a30'],
  'santa-lucia': ['#d97b4a', '#fdeedd', '#7c3513'],
  gayo: ['#3f6c8c', '#e6f0f5', '#173a55'],
  'night-ferry': ['#26324b', '#e9e6da', '#1a2236'],
};

/** Draws the bag of a product: paper with a folded top, a label with one hill per step of the roast. */
export function drawBag({ id, roast }: Product): SVGElement {
  const [paper, label, ink] = COLOURS[id] ?? COLOURS['night-ferry']!;
  const bag = shape('svg', { viewBox: '0 0 160 190', class: 'bag', 'aria-hidden': 'true' });
  bag.append(
    shape('ellipse', { cx: 80, cy: 180, rx: 58, ry: 6, fill: '#000', opacity: 0.12 }),
    shape('path', { d: 'M28 34h104l6 140q0 6-6 6H28q-6 0-6-6z', fill: paper }),
    shape('path', { d: 'M28 34h22l-8 146H28q-6 0-6-6z', fill: '#000', opacity: 0.1 }),
    shape('path', { d: 'M116 34h16l6 140q0 6-6 6h-10z', fill: '#fff', opacity: 0.12 }),
    shape('path', { d: 'M26 14h108q4 0 4 4v14q0 4-4 4H26q-4 0-4-4V18q0-4 4-4z', fill: ink }),
    shape('path', { d: 'M22 26h116', stroke: label, 'stroke-width': 1.5, 'stroke-dasharray': '4 4' }),
    shape('rect', { x: 46, y: 66, width: 68, height: 82, rx: 4, fill: label }),
    shape('circle', { cx: 94, cy: 88, r: 9, fill: paper }),
  );
  for (let hill = 0; hill < roast; hill++) {
    const y = 128 - hill * 7;
    const d = `M46 ${y}q17-${10 + hill} 34 0t34 0V148H46z`;
    bag.append(shape('path', { d, fill: ink, opacity: 0.22 + hill * 0.05 }));
  }
  bag.append(shape('rect', { x: 58, y: 137, width: 44, height: 3, rx: 1.5, fill: label }));
  return bag;
}

function shape(name: string, attributes: Record<string, string | number>): SVGElement {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}
