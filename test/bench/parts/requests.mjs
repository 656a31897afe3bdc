import { fetchFeature, start, xhrFeature } from '@clickspan/browser/core';

const { endpoint } = document.currentScript.dataset;
start({ endpoint }, [fetchFeature, xhrFeature]);
