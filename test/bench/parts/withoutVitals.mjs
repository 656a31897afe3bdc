import {
  apiFeature,
  awaitFeature,
  beaconFeature,
  clickFeature,
  errorFeature,
  eventsourceFeature,
  fetchFeature,
  loadFeature,
  routeFeature,
  start,
  websocketFeature,
  xhrFeature,
} from '@clickspan/browser/core';

const { endpoint } = document.currentScript.dataset;
start({ endpoint }, [
  awaitFeature,
  loadFeature,
  clickFeature,
  routeFeature,
  fetchFeature,
  xhrFeature,
  errorFeature,
  apiFeature,
  beaconFeature,
  eventsourceFeature,
  websocketFeature,
]);
