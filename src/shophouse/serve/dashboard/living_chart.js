import { toRaw } from "vue";
import { echarts } from "nicegui-echart";
import { convertDynamicProperties } from "../../static/utils/dynamic_properties.js";

// all that differs between two views of a chart; a tooltip made anew would cost a layout
const REPLACED = ["grid", "xAxis", "yAxis", "series", "legend", "visualMap"];

export default {
  template: "<div></div>",
  props: { options: Object, turn: Number },
  mounted() {
    // told before the frame is painted, of all charts after one layout; asking for the size would cost a layout each
    this.sizes = new ResizeObserver(([{ contentRect: { width, height } }]) => {
      if (!width || !height) return;
      if (this.chart) {
        if (width !== this.chart.getWidth() || height !== this.chart.getHeight()) this.chart.resize({ width, height });
        return;
      }
      this.chart = echarts.init(this.$el, null, { width, height });
      this.chart.on("click", ({ componentType, dataIndex, value }) => {
        if (componentType !== "series") return;
        this.$emit("point", { at: dataIndex, row: Array.isArray(value) ? value[1] : null, turn: this.drawn });
      });
      this.show();
    });
    this.sizes.observe(this.$el);
  },
  beforeUnmount() {
    this.sizes.disconnect();
    this.chart?.dispose();
  },
  methods: {
    show() {
      // what has no size yet is drawn once it has one
      if (!this.chart) return;
      // what Vue watches is slow to read
      const options = toRaw(this.options);
      convertDynamicProperties(options, true);
      this.chart.setOption(options, { replaceMerge: REPLACED });
      this.drawn = this.turn;
    },
  },
};
