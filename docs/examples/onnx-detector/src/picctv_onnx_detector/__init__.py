"""Objects for picctv: people, cars, whatever a YOLO-style ONNX model was taught."""
