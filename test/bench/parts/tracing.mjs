import {
  awaitFeature,
  clickFeature,
  fetchFeature,
  loadFeature,
  routeFeature,
  start,
  xhrFeature,
} from '@clickspan/browser/core';

const { endpoint } = document.currentScript.dataset;
start({ endpoint }, [awaitFeature, loadFeature, clickFeature, routeFeature, fetchFeature, xhrFeature]);
