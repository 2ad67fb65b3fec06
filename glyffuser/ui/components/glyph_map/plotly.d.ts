// The part of plotly.js that the map uses. The script is a UMD module: loaded by a script tag, it sets window.Plotly.

export interface PlotlyApi {
  newPlot(target: HTMLElement, traces: object[], layout: object, config: object): Promise<unknown>;
  react(target: HTMLElement, traces: object[], layout: object, config: object): Promise<unknown>;
  restyle(target: HTMLElement, changes: object, traces: number[]): Promise<unknown>;
  relayout(target: HTMLElement, changes: object): Promise<unknown>;
  purge(target: HTMLElement): void;
}

declare global {
  interface Window {
    Plotly?: PlotlyApi;
  }
}
