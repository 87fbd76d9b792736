//! The examples of the database schema document, word for word: what an item looks like to whoever opens the table.

pub(super) const USER: &str = r#"{
  "PK": "USER#user_abc123",
  "SK": "PROFILE",
  "EntityType": "User",
  "GSI1PK": "EMAIL#john@example.com",
  "GSI1SK": "USER",
  "Data": {
    "userId": "user_abc123",
    "cognitoId": "cognito-uuid-xyz",
    "email": "john@example.com",
    "firstName": "John",
    "lastName": "Doe",
    "phone": "+447700900123",
    "role": "customer",
    "status": "active",
    "preferences": {
      "notifications": {
        "email": true,
        "sms": true
      },
      "savedAddresses": [
        {
          "label": "Home",
          "address": "123 High Street, Bournemouth",
          "latitude": 50.7192,
          "longitude": -1.8808
        }
      ]
    }
  },
  "CreatedAt": 1701710400,
  "UpdatedAt": 1701710400
}"#;

pub(super) const DRIVER: &str = r#"{
  "PK": "DRIVER#driver_xyz789",
  "SK": "PROFILE",
  "EntityType": "Driver",
  "GSI1PK": "DRIVER_STATUS#active",
  "GSI1SK": "DRIVER#driver_xyz789",
  "GSI2PK": "DRIVER_AVAILABLE#true",
  "GSI2SK": "RATING#4.8",
  "Data": {
    "driverId": "driver_xyz789",
    "cognitoId": "cognito-uuid-abc",
    "email": "driver@example.com",
    "firstName": "Jane",
    "lastName": "Smith",
    "phone": "+447700900456",
    "status": "active",
    "availability": {
      "available": true,
      "currentLocation": {
        "latitude": 50.7192,
        "longitude": -1.8808,
        "updatedAt": 1701710400
      }
    },
    "performance": {
      "rating": 4.8,
      "totalTrips": 245,
      "completionRate": 98.5,
      "acceptanceRate": 95.2,
      "onTimeRate": 97.1
    },
    "assignedVehicle": "vehicle_def456"
  },
  "CreatedAt": 1701710400,
  "UpdatedAt": 1701710400
}"#;

pub(super) const DOCUMENT: &str = r#"{
  "PK": "DRIVER#driver_xyz789",
  "SK": "DOC#dbs",
  "EntityType": "ComplianceDocument",
  "GSI1PK": "DOC_STATUS#expiring_soon",
  "GSI1SK": "EXPIRY#1734825600",
  "Data": {
    "documentId": "doc_abc123",
    "driverId": "driver_xyz789",
    "documentType": "dbs",
    "status": "valid",
    "expiryDate": 1767139200,
    "uploadedAt": 1701710400,
    "fileUrl": "https://s3.amazonaws.com/.../dbs_abc123.pdf",
    "fileKey": "drivers/driver_xyz789/dbs_abc123.pdf",
    "reviewedBy": "admin_def456",
    "reviewedAt": 1701796800
  },
  "CreatedAt": 1701710400,
  "UpdatedAt": 1701710400
}"#;

pub(super) const QUOTE: &str = r#"{
  "PK": "QUOTE#quote_abc123",
  "SK": "METADATA",
  "EntityType": "Quote",
  "Data": {
    "quoteId": "quote_abc123",
    "status": "valid",
    "pickupLocation": {
      "address": "Bournemouth Railway Station, Bournemouth, UK",
      "latitude": 50.7260,
      "longitude": -1.8782
    },
    "dropoffLocation": {
      "address": "Poole Harbour, Poole, UK",
      "latitude": 50.7122,
      "longitude": -2.0053
    },
    "pickupTime": 1733842200,
    "journey": {
      "distance": {
        "meters": 8500,
        "miles": 5.28
      },
      "duration": {
        "seconds": 1200,
        "minutes": 20
      },
      "route": {
        "polyline": "encoded_polyline_string"
      }
    },
    "pricing": {
      "currency": "GBP",
      "breakdown": {
        "baseFare": 500,
        "distanceCharge": 528,
        "timeCharge": 200,
        "subtotal": 1228,
        "tax": 0,
        "total": 1228
      }
    },
    "vehicleType": "standard",
    "passengers": 2,
    "returnJourney": false
  },
  "CreatedAt": 1701710400,
  "UpdatedAt": 1701710400,
  "TTL": 1701796800
}"#;

pub(super) const BOOKING: &str = r#"{
  "PK": "BOOKING#booking_abc123",
  "SK": "METADATA",
  "EntityType": "Booking",
  "GSI1PK": "STATUS#confirmed",
  "GSI1SK": "PICKUP_TIME#1733842200",
  "GSI2PK": "USER#user_abc123",
  "GSI2SK": "BOOKING#booking_abc123",
  "GSI3PK": "DRIVER#driver_xyz789",
  "GSI3SK": "PICKUP_TIME#1733842200",
  "Data": {
    "bookingId": "booking_abc123",
    "bookingReference": "NOTS-12345",
    "status": "confirmed",
    "quoteId": "quote_abc123",
    "customer": {
      "userId": "user_abc123",
      "firstName": "John",
      "lastName": "Doe",
      "email": "john@example.com",
      "phone": "+447700900123"
    },
    "journey": {
      "pickupLocation": {
        "address": "Bournemouth Railway Station, Bournemouth, UK",
        "latitude": 50.7260,
        "longitude": -1.8782
      },
      "dropoffLocation": {
        "address": "Poole Harbour, Poole, UK",
        "latitude": 50.7122,
        "longitude": -2.0053
      },
      "pickupTime": 1733842200,
      "pickupInstructions": "Wait by main entrance",
      "dropoffInstructions": "Call on arrival"
    },
    "passengers": 2,
    "luggage": 1,
    "specialRequirements": "Child seat needed",
    "pricing": {
      "currency": "GBP",
      "total": 1228,
      "displayTotal": "£12.28"
    },
    "driver": {
      "driverId": "driver_xyz789",
      "firstName": "Jane",
      "lastName": "Smith",
      "phone": "+447700900456",
      "assignedAt": 1701796800
    },
    "vehicle": {
      "vehicleId": "vehicle_def456",
      "registration": "AB12 CDE",
      "make": "Toyota",
      "model": "Prius",
      "color": "Silver"
    },
    "payment": {
      "paymentId": "payment_xyz123",
      "status": "completed",
      "method": "stripe",
      "stripePaymentIntentId": "pi_abc123"
    },
    "timeline": {
      "created": 1701710400,
      "confirmed": 1701710400,
      "assigned": 1701796800,
      "driverEnRoute": null,
      "arrived": null,
      "passengerOnboard": null,
      "completed": null,
      "cancelled": null
    },
    "internalNotes": ""
  },
  "CreatedAt": 1701710400,
  "UpdatedAt": 1701796800
}"#;

pub(crate) const PAYMENT: &str = r#"{
  "PK": "BOOKING#booking_abc123",
  "SK": "PAYMENT#payment_xyz123",
  "EntityType": "Payment",
  "GSI1PK": "PAYMENT_STATUS#completed",
  "GSI1SK": "CREATED#1701710400",
  "Data": {
    "paymentId": "payment_xyz123",
    "bookingId": "booking_abc123",
    "userId": "user_abc123",
    "status": "completed",
    "method": "stripe",
    "provider": {
      "name": "stripe",
      "paymentIntentId": "pi_abc123",
      "chargeId": "ch_xyz789"
    },
    "amount": {
      "total": 1228,
      "currency": "GBP",
      "displayTotal": "£12.28"
    },
    "refund": {
      "refunded": false,
      "refundId": null,
      "amount": 0,
      "reason": null,
      "refundedAt": null
    }
  },
  "CreatedAt": 1701710400,
  "UpdatedAt": 1701710400
}"#;

pub(super) const VEHICLE: &str = r#"{
  "PK": "VEHICLE#vehicle_def456",
  "SK": "METADATA",
  "EntityType": "Vehicle",
  "GSI1PK": "VEHICLE_STATUS#active",
  "GSI1SK": "VEHICLE#vehicle_def456",
  "Data": {
    "vehicleId": "vehicle_def456",
    "registration": "AB12CDE",
    "make": "Toyota",
    "model": "Prius",
    "year": 2022,
    "color": "Silver",
    "type": "standard",
    "capacity": 4,
    "status": "active",
    "assignedDriver": "driver_xyz789",
    "features": [
      "air_conditioning",
      "bluetooth",
      "child_seat_available"
    ],
    "insurance": {
      "provider": "ABC Insurance",
      "policyNumber": "POL123456",
      "expiryDate": 1767139200
    },
    "mot": {
      "expiryDate": 1767139200,
      "certificateNumber": "MOT987654"
    }
  },
  "CreatedAt": 1701710400,
  "UpdatedAt": 1701710400
}"#;

pub(super) const RATING: &str = r#"{
  "PK": "BOOKING#booking_abc123",
  "SK": "RATING",
  "EntityType": "Rating",
  "GSI1PK": "DRIVER#driver_xyz789",
  "GSI1SK": "RATING#booking_abc123",
  "Data": {
    "ratingId": "rating_xyz123",
    "bookingId": "booking_abc123",
    "driverId": "driver_xyz789",
    "customerId": "user_abc123",
    "score": 5,
    "feedback": "Excellent service, very professional",
    "categories": {
      "punctuality": 5,
      "cleanliness": 5,
      "driving": 5,
      "professionalism": 5
    }
  },
  "CreatedAt": 1701796800,
  "UpdatedAt": 1701796800
}"#;

pub(super) const COMPLAINT: &str = r#"{
  "PK": "COMPLAINT#complaint_abc123",
  "SK": "METADATA",
  "EntityType": "Complaint",
  "GSI1PK": "DRIVER#driver_xyz789",
  "GSI1SK": "CREATED#1701796800",
  "GSI2PK": "STATUS#open",
  "GSI2SK": "PRIORITY#high",
  "Data": {
    "complaintId": "complaint_abc123",
    "bookingId": "booking_abc123",
    "driverId": "driver_xyz789",
    "customerId": "user_abc123",
    "status": "open",
    "priority": "high",
    "category": "driver_behavior",
    "description": "Driver was rude to passenger",
    "resolution": null,
    "resolvedBy": null,
    "resolvedAt": null
  },
  "CreatedAt": 1701796800,
  "UpdatedAt": 1701796800
}"#;
