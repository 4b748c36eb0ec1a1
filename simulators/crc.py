"""CRC-16/MODBUS, for the setpoint block of class A stations."""


def crc16_modbus(data: bytes) -> int:
    """Return the CRC-16/MODBUS of ``data``: polynomial 0xA001 reflected, start 0xFFFF.

    Source: MODBUS over Serial Line, Specification and Implementation Guide V1.02, 6.2.2.
    """
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc
