import { start } from '@clickspan/browser';

const { endpoint } = document.currentScript.dataset;
start({ endpoint });
